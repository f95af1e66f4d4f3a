// Asks a gateway as fast as it answers, and then at half of that: rates, p99, memory. With SHARES, pages of so many
// shares, which fill.py has made.
const autocannon = require("autocannon");
const crypto = require("node:crypto");
const fs = require("node:fs");

const lines = (path) => fs.readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const many = Number(process.env.SHARES || 0);
const shares = many ? [] : lines(process.argv[2]).map((share) => new URL(share.url));
const locked = new URL(many ? process.env.GATEWAY_URL : lines(process.argv[3])[0].url);
const form = { "content-type": "application/x-www-form-urlencoded" };
let household = 0;
// Each request comes from a household of its own: limits are not what is measured here.
const from = () => { household += 1; return `10.${(household >> 16) & 255}.${(household >> 8) & 255}.${household & 255}`; };
const memory = (what = "VmHWM") => Number(new RegExp(`${what}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${process.env.GATEWAY_PID}/status`, "utf8"))[1]) / 1024;

const run = (name, make, options) => new Promise((good, bad) => {
  const requests = [{ setupRequest: (request) => ({ ...request, ...make() }) }];
  autocannon({ url: locked.origin, connections: 32, duration: 10, requests, ...options }, (error, result) => {
    if (error) return bad(error);
    const codes = Object.entries(result.statusCodeStats).map(([code, { count }]) => `${count} x ${code}`).join(", ");
    console.log(`${name}: ${Math.round(result.requests.average)}/s, p50 ${result.latency.p50} ms, p99 ${result.latency.p99} ms (${codes}); peak ${memory().toFixed(0)} MiB`);
    good(result.requests.average);
  });
});

(async () => {
  if (many) {
    const token = (number) => crypto.createHash("sha256").update(`share ${number}`).digest().subarray(0, 16).toString("base64url");
    const page = () => ({ method: "GET", path: `/s/${token(Math.floor(Math.random() * many))}`, headers: { "x-forwarded-for": from() } });
    console.log(`${many} shares, before anybody looks: ${memory("VmRSS").toFixed(0)} MiB`);
    await run("page views of random ones", page, { duration: 20 });
    console.log(`afterwards: ${memory("VmRSS").toFixed(0)} MiB`);
    return;
  }
  const share = () => shares[Math.floor(Math.random() * shares.length)];
  const claim = () => ({ method: "POST", path: `${share().pathname}/claim`, body: "item=0", headers: { ...form, "x-forwarded-for": from() } });
  const view = () => ({ method: "GET", path: share().pathname, headers: { "x-forwarded-for": from() } });
  const unlock = () => ({ method: "POST", path: `${locked.pathname}/unlock`, body: "password=secret", headers: { ...form, "x-forwarded-for": from() } });
  const rate = await run("claims", claim, {});
  await run("claims at half of that", claim, { overallRate: Math.round(rate / 2) });
  await run("page views", view, {});
  await run("unlocks (4 hashed at once, 16 wait)", unlock, { connections: 8 });
})();
