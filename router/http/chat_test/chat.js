// A plain client of the chat protocol (docs/chat-protocol.md), to try it and to be read.
// Its one rule: what was written stays on the screen until it is accepted, and is sent again under the same client_id.
"use strict";
(() => {
  const RETRY_MIN_MS = 300, RETRY_MAX_MS = 10000, TYPING_MS = 1500, TYPING_SHOWN_MS = 4000;
  const find = (id) => document.getElementById(id);
  const site = new URLSearchParams(location.search).get("site") || find("chat").dataset.site;
  const lines = find("lines"), text = find("text"), state = find("state"), typing = find("typing"), note = find("note");
  const kept = JSON.parse(localStorage.getItem(`chat ${site}`) || "{}");
  const waiting = new Map(Object.entries(kept.waiting || {})), shown = new Map();
  const carry = new URLSearchParams(location.hash.slice(1)).get("carry") || undefined;  // from a link that carries a case
  let socket = null, waitMs = RETRY_MIN_MS, since = 0, upload = "", typingTimer = 0, typedAt = 0, isOver = false, agent = null, wait = "";

  function keep() {
    localStorage.setItem(`chat ${site}`, JSON.stringify({ session: kept.session, waiting: Object.fromEntries(waiting) }));
  }

  const send = (kind, fields) => { if (socket && socket.readyState === 1) socket.send(JSON.stringify({ kind, ...fields })); };

  // --- what is shown -------------------------------------------------------------------------------------------------

  function bubble(line) {
    const item = shown.get(line.client_id) || document.createElement("li");
    item.className = line.from === "customer" ? "mine" : "";
    const by = Object.assign(document.createElement("span"), { className: "by", textContent: line.name || "" });
    item.replaceChildren(...(line.name ? [by] : []), line.text);
    for (const file of line.files || []) item.append(` [${file.name}]`);
    if (line.client_id) shown.set(line.client_id, item);
    if (!item.isConnected) lines.append(item);
    lines.scrollTop = lines.scrollHeight;
    return item;
  }

  function accepted(id) {
    waiting.delete(id);
    keep();
    const item = shown.get(id);
    if (item) item.classList.remove("waiting");
  }

  // --- frames --------------------------------------------------------------------------------------------------------

  const hear = {
    welcome(frame) {
      waitMs = RETRY_MIN_MS;
      kept.session = frame.session;
      upload = frame.upload;
      since = frame.since;
      wait = "";
      keep();
      answers(frame.agent);
      for (const [id, message] of waiting) send("message", { client_id: id, ...message });
    },
    message(frame) {
      since = frame.seq;
      bubble(frame);
      if (frame.client_id) accepted(frame.client_id);
      typing.textContent = "";
      if (frame.from !== "customer") send(document.hasFocus() ? "read" : "delivered", { seq: frame.seq });
    },
    accepted(frame) {
      since = Math.max(since, frame.seq);
      accepted(frame.client_id);
    },
    agent(frame) { answers(frame.name); },
    wait(frame) {
      wait = frame.says || "";
      answers(agent);
    },
    typing(frame) {
      clearTimeout(typingTimer);
      typing.textContent = frame.on ? `${frame.name || "Somebody"} is typing…` : "";
      typingTimer = setTimeout(() => { typing.textContent = ""; }, TYPING_SHOWN_MS);
    },
    left() { note.textContent = "We will write to you there."; },
    code_sent() { find("code").hidden = false; note.textContent = "If that address takes messages, a code is on its way."; },
    proved() { find("code").hidden = true; note.textContent = "Proved: we know that it is you."; },
    error(frame) {
      const item = shown.get(frame.client_id);
      if (frame.error === "too_many" && frame.client_id) return void setTimeout(() => again(frame.client_id), (frame.retry_after_s || 1) * 1000);
      if (frame.client_id) waiting.delete(frame.client_id);
      if (item) item.classList.add("bad");
      if (frame.error === "bad_session") {
        lines.replaceChildren();
        kept.session = undefined;
        since = 0;
      }
      note.textContent = frame.detail;
      if (["bad_site", "bad_origin", "bad_version"].includes(frame.error)) isOver = true;
      state.textContent = isOver ? frame.detail : state.textContent;
      keep();
    },
  };

  function answers(name) {
    agent = name;
    state.className = "";
    state.textContent = name ? `${name} answers` : wait || "We read what you write";
  }

  function again(id) {
    if (waiting.has(id)) send("message", { client_id: id, ...waiting.get(id) });
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = socket = new WebSocket(`${scheme}://${location.host}/chat/ws`);
    mine.onopen = () => send("hello", { v: 1, site, session: kept.session, since, carry, context: { page: location.pathname } });
    mine.onmessage = (event) => {
      const frame = JSON.parse(event.data);
      if (hear[frame.kind]) hear[frame.kind](frame);
    };
    mine.onclose = () => {
      if (mine !== socket || isOver) return;
      state.className = "lost";
      state.textContent = "reconnecting…";
      setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
      waitMs = Math.min(waitMs * 2, RETRY_MAX_MS);
    };
  }

  // --- what people do ------------------------------------------------------------------------------------------------

  async function uploaded(file) {
    const answer = await fetch("/chat/files", {
      method: "POST",
      headers: { Authorization: `Bearer ${upload}`, "X-File-Name": encodeURIComponent(file.name), "Content-Type": file.type || "application/octet-stream" },
      body: file,
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
    return told.file;
  }

  find("write").addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = find("file").files[0], words = text.value.trim();
    if (!words && !file) return;
    const id = (crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2)).slice(0, 40);
    const message = { text: words };
    text.value = "";
    typedAt = 0; // who goes on at once is seen to
    const files = file ? [{ name: file.name }] : [];
    bubble({ from: "customer", text: words, files, client_id: id }).classList.add("waiting");
    try {
      if (file) message.files = [await uploaded(file)];
      find("file").value = "";
      waiting.set(id, message);
      keep();
      again(id);
    } catch (problem) {
      shown.get(id).classList.add("bad");
      note.textContent = problem.message;
    }
  });

  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); find("write").requestSubmit(); }
  });
  text.addEventListener("input", () => {
    if (Date.now() - typedAt > TYPING_MS) { typedAt = Date.now(); send("typing", { on: true }); }
  });
  find("leave").addEventListener("submit", (event) => {
    event.preventDefault();
    send("leave", { reach_me: { channel: find("leave-channel").value, address: find("leave-address").value.trim() } });
  });
  find("prove").addEventListener("submit", (event) => {
    event.preventDefault();
    send("prove", { address: find("prove-address").value.trim() });
  });
  find("code").addEventListener("submit", (event) => {
    event.preventDefault();
    send("code", { code: find("code-said").value });
  });
  find("new").addEventListener("click", () => { localStorage.removeItem(`chat ${site}`); location.reload(); });
  addEventListener("focus", () => { if (since) send("read", { seq: since }); });

  for (const [id, message] of waiting) bubble({ from: "customer", text: message.text, client_id: id }).classList.add("waiting");
  connect();
})();
