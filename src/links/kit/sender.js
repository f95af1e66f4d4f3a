"use strict";
const kit = JSON.parse(document.getElementById("kit").textContent);
const at = (id) => document.getElementById(id);
const LANES = 4, TRIES = 6;
// Not every link says how large the file is.
const any = kit.size === null;
let file = null, done = new Set(), sent = new Map(), paused = true, running = 0, failed = null;

const memory = () => `twinpail-kit-${kit.id}-${file.name}-${file.size}-${file.lastModified}`;
function remember() {
  try { localStorage.setItem(memory(), JSON.stringify([...done])); } catch { /* private windows keep nothing */ }
}
function recall() {
  try { done = new Set(JSON.parse(localStorage.getItem(memory()) || "[]")); } catch { done = new Set(); }
}
const length = (part) => Math.min(kit.part, kit.size - part * kit.part);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function show() {
  let bytes = 0;
  for (const part of done) bytes += length(part);
  for (const [part, some] of sent) if (!done.has(part)) bytes += some;
  const share = Math.floor((100 * bytes) / Math.max(kit.size, 1));
  at("bar").value = share;
  at("pause").textContent = paused ? "Go on" : "Pause";
  at("state").textContent = done.size === kit.urls.length
    ? "Everything has arrived. You can close this page and tell the person who sent it to you."
    : failed || `${share} % (${done.size} of ${kit.urls.length} parts)${paused ? ", paused" : ""}`;
  at("pause").hidden = done.size === kit.urls.length;
}

function put(part) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", kit.urls[part]);
    for (const [name, value] of kit.headers || []) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => { sent.set(part, event.loaded); show(); };
    request.onload = () => request.status < 300 ? resolve() : reject(new Error(`the server answers ${request.status}`));
    request.onerror = () => reject(new Error("no connection, or the bucket does not allow this page (CORS)"));
    // Without a type of its own the body is sent with none, as it was signed.
    request.send(file.slice(part * kit.part, part * kit.part + length(part), ""));
  });
}

async function send(part) {
  for (let attempt = 1; ; attempt++) {
    try {
      await put(part);
      done.add(part);
      remember();
      return;
    } catch (error) {
      // It stays with this lane, which tries it again: another one would send it too.
      sent.set(part, 0);
      if (attempt >= TRIES) { sent.delete(part); throw error; }
      await wait(1000 * attempt * attempt);
    }
  }
}

async function lane() {
  running++;
  try {
    while (!paused) {
      const part = kit.urls.findIndex((_, index) => !done.has(index) && !sent.has(index));
      if (part < 0) return;
      sent.set(part, 0);
      await send(part);
      show();
    }
  } catch (error) {
    failed = `A part could not be sent: ${error.message}. “Go on” tries again.`;
    paused = true;
  } finally {
    running--;
    show();
  }
}

function start() {
  if (Date.now() > kit.until) { failed = "This upload has ended. Ask for a new one."; show(); return; }
  paused = false;
  failed = null;
  sent = new Map([...sent].filter(([part]) => !done.has(part) && running > 0));
  for (let lanes = running; lanes < LANES; lanes++) lane();
  show();
}

function choose(chosen) {
  if (!chosen || !paused && file) return;
  if (any) kit.size = kit.part = chosen.size;
  if (chosen.size !== kit.size) {
    at("state").textContent =
      `This file has ${chosen.size} bytes, but exactly ${kit.size} are expected. Is it the right one?`;
    return;
  }
  file = chosen;
  recall();
  at("progress").hidden = false;
  start();
}

at("file").addEventListener("change", (event) => choose(event.target.files[0]));
at("pause").addEventListener("click", () => { if (paused) start(); else { paused = true; show(); } });
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => { event.preventDefault(); choose(event.dataTransfer.files[0]); });
addEventListener("beforeunload", (event) => { if (!paused && done.size < kit.urls.length) event.preventDefault(); });
if (Date.now() > kit.until) at("state").textContent = "This upload has ended. Ask for a new one.";
