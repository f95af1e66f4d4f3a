"use strict";
// Sends files in parts, a few at a time, straight to the storage. What was begun is remembered here, so that it goes on
// after a reload when the same file is chosen again.
(() => {
  const box = document.getElementById("send");
  const list = document.getElementById("list");
  const said = document.getElementById("said");
  const target = document.getElementById("target");
  const words = box.dataset;
  const base = "/d/" + words.token;
  const AT_ONCE = 4, TRIES = 6;
  const store = "twinpail:" + words.token;
  const jobs = new Map();

  const remembered = () => {
    try { return JSON.parse(localStorage.getItem(store) || "{}"); } catch { return {}; }
  };
  const remember = (id, what) => {
    const known = remembered();
    if (what) known[id] = what; else delete known[id];
    try { localStorage.setItem(store, JSON.stringify(known)); } catch { /* only a reload is not survived then */ }
  };
  const size = (bytes) => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
    return (unit ? bytes.toFixed(1) : bytes) + " " + units[unit];
  };
  // Longer each time.
  const wait = (tried) =>
    new Promise((done) => setTimeout(done, Math.min(30000, 500 * 2 ** tried) * (0.5 + Math.random())));

  async function ask(path, body) {
    const answer = await fetch(base + path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(told.error || answer.status), { code: told.error, status: answer.status });
    return told;
  }

  function element(tag, text, name) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  class Job {
    constructor(file, name, id) {
      Object.assign(this, { file, name, id, done: 0, paused: false, gone: false, turn: 0, requests: new Set() });
      this.row = element("li");
      this.state = element("span", words.waiting, "state");
      this.bar = document.createElement("progress");
      this.bar.max = Math.max(file.size, 1);
      this.bar.value = 0;
      this.bar.setAttribute("aria-label", name);
      this.button = element("button", words.pause, "plain");
      this.button.type = "button";
      this.button.onclick = () => (this.paused ? this.resume() : this.pause());
      this.remove = element("button", words.remove, "plain");
      this.remove.type = "button";
      this.remove.onclick = () => this.abort();
      const actions = element("span", "", "actions");
      actions.append(this.button, this.remove);
      this.row.append(element("span", name, "name"), element("span", size(file.size), "size"), this.state, this.bar, actions);
      list.append(this.row);
    }
    show(word, kind) {
      this.state.textContent = word;
      this.row.className = kind || "";
    }
    progress() {
      let moving = 0;
      for (const request of this.requests) moving += request.loaded || 0;
      this.bar.value = Math.min(this.done + moving, this.file.size);
    }
    // Ends what is under way: whatever waits for an answer meanwhile sees that its turn is over.
    stop() {
      this.turn += 1;
      for (const request of this.requests) request.abort();
    }
    go(turn) {
      if (turn !== this.turn) throw new Error("stopped");
    }
    pause() {
      this.paused = true;
      this.button.textContent = words.resume;
      this.show(words.paused);
      this.stop();
    }
    resume() {
      this.paused = false;
      this.button.textContent = words.pause;
      queue();
    }
    async abort() {
      this.gone = true;
      this.stop();
      if (this.id) { remember(this.id); await ask("/abort", { id: this.id }).catch(() => {}); }
      jobs.delete(this);
      this.row.remove();
      queue();
    }
    put(url, blob) {
      return new Promise((good, bad) => {
        const request = new XMLHttpRequest();
        request.open("PUT", url);
        request.upload.onprogress = (event) => { request.loaded = event.loaded; this.progress(); };
        const over = (act) => { this.requests.delete(request); act(); };
        request.onload = () => over(() => (request.status < 300 ? good() : bad(new Error("status " + request.status))));
        request.onerror = () => over(() => bad(new Error("network")));
        request.onabort = () => over(() => bad(new Error("stopped")));
        this.requests.add(request);
        request.send(blob);
      });
    }
    async part(number, partSize, turn) {
      const from = (number - 1) * partSize;
      const blob = this.file.slice(from, Math.min(from + partSize, this.file.size));
      for (let tried = 0; ; tried += 1) {
        this.go(turn);
        try {
          const told = await ask("/parts", { id: this.id, parts: [number] });
          this.go(turn);
          await this.put(told.urls[number], blob);
          this.done += blob.size;
          this.progress();
          return;
        } catch (error) {
          if (turn !== this.turn || tried >= TRIES || (error.status >= 400 && error.status < 500 && error.status !== 429)) throw error;
          await wait(tried);
        }
      }
    }
    // Asks again as long as it is the line or the server that is in trouble; `twice` says whether that does no harm.
    async insist(path, body, twice, turn) {
      for (let tried = 0; ; tried += 1) {
        this.go(turn);
        try {
          return await ask(path, body);
        } catch (error) {
          const busy = error.status === 429 || error.status >= 500 || (twice && (!error.status || error.status === 408));
          if (!busy || tried >= TRIES) throw error;
          await wait(tried);
        }
      }
    }
    arrived() {
      remember(this.id);
      this.sent = true;
      this.bar.value = this.bar.max;
      this.show(words.sent, "done");
      this.button.remove();
      this.remove.remove();
      said.textContent = this.name + ": " + words.sent;
    }
    async run() {
      this.running = true;
      const turn = this.turn;
      try {
        this.show(words.sending);
        if (!this.id) {
          const told = await this.insist("/start", { name: this.name, size: this.file.size }, false, turn);
          this.id = told.id;
          remember(this.id, { name: this.name, size: this.file.size, modified: this.file.lastModified });
        }
        const told = await this.insist("/parts", { id: this.id }, true, turn);
        const there = new Set(told.arrived);
        const length = (number) => Math.min(told.part_size, this.file.size - (number - 1) * told.part_size);
        this.done = told.arrived.reduce((sum, number) => sum + length(number), 0);
        this.progress();
        const missing = [];
        for (let number = 1; number <= told.parts; number += 1) if (!there.has(number)) missing.push(number);
        const work = async () => { while (missing.length) await this.part(missing.shift(), told.part_size, turn); };
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, missing.length) }, work));
        await this.insist("/complete", { id: this.id }, true, turn);
        this.arrived();
      } catch (error) {
        if (turn !== this.turn) return;
        this.stop();
        if (error.code === "done") { this.arrived(); return; }
        if (error.code === "not-found" && this.id) { remember(this.id); this.id = null; }
        this.paused = true;
        this.button.textContent = words.resume;
        this.show(error.code === "full" ? words.full : words.failed, "failed");
        said.textContent = this.name + ": " + this.state.textContent;
      } finally {
        this.running = false;
        queue();
      }
    }
  }

  // Two files at a time: each has parts in flight of its own.
  function queue() {
    let running = 0;
    for (const job of jobs.keys()) if (job.running) running += 1;
    for (const job of jobs.keys()) {
      if (running >= 2) return;
      if (!job.running && !job.paused && !job.sent && !job.gone) { running += 1; job.run(); }
    }
  }

  function add(file, path) {
    const name = path || file.webkitRelativePath || file.name;
    for (const job of jobs.keys()) if (!job.sent && job.name === name && job.file.size === file.size) return;
    const known = Object.entries(remembered()).find(([, one]) =>
      one.name === name && one.size === file.size && one.modified === file.lastModified);
    const job = new Job(file, name, known && known[0]);
    jobs.set(job, true);
    if (known) for (const row of list.querySelectorAll("[data-id='" + CSS.escape(known[0]) + "']")) row.remove();
  }

  async function walk(entry, path) {
    if (entry.isFile) {
      add(await new Promise((good, bad) => entry.file(good, bad)), path + entry.name);
    } else if (entry.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((good, bad) => reader.readEntries(good, bad));
        if (!some.length) return;
        for (const one of some) await walk(one, path + entry.name + "/");
      }
    }
  }

  for (const id of ["files", "folder"]) {
    const input = document.getElementById(id);
    input.onchange = () => { for (const file of input.files) add(file); input.value = ""; queue(); };
  }
  target.ondragover = (event) => { event.preventDefault(); target.classList.add("over"); };
  target.ondragleave = () => target.classList.remove("over");
  target.ondrop = async (event) => {
    event.preventDefault();
    target.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    for (const entry of entries) if (entry) await walk(entry, "");
    queue();
  };
  // What was begun before the page was loaded anew.
  for (const [id, one] of Object.entries(remembered())) {
    const row = element("li", "", "begun");
    row.dataset.id = id;
    row.append(element("span", one.name, "name"), element("span", size(one.size), "size"), element("span", words.again, "state"));
    list.append(row);
  }
  addEventListener("beforeunload", (event) => {
    for (const job of jobs.keys()) if (job.running) { event.preventDefault(); return; }
  });
})();
