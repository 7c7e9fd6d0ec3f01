// The desk's live side. The page works without it: this only fetches the same page again and swaps what changed.
//
// A part ([data-part]) is swapped when its HTML differs. Nothing that a person is typing in is ever swapped: a part
// with a focused field waits until the field is left, and what was typed elsewhere in it is put back.
"use strict";
(() => {
  const NEAR_MS = 60, FAR_MS = 2000, PREVIEW_MS = 250, RETRY_MIN_MS = 400, RETRY_MAX_MS = 10000, SAID_MS = 6000;
  const TYPING_MS = 2000, TYPING_SHOWN_MS = 4000;
  const body = document.body, me = body.dataset.me, openCase = body.dataset.open;
  const line = document.getElementById("line"), news = document.getElementById("news");
  const text = document.getElementById("text"), reply = document.getElementById("reply");
  const behindMs = Date.now() - Date.parse(body.dataset.now);
  const shownHtml = new Map(), late = new Map();
  const timeline = document.getElementById("timeline");
  let isAtEnd = true;
  let since = Number(body.dataset.mark), offersKnown = offerIds();

  // --- parts ---------------------------------------------------------------------------------------------------------

  const parts = (root) => new Map([...root.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
  const isField = (e) => e && e.matches("input:not([type=checkbox]):not([type=hidden]), select, textarea");

  function forget(root) {
    root.querySelectorAll("input[name=once]").forEach((e) => e.remove()); // made anew for each sending
  }

  function typedIn(root) {
    const fields = [...root.querySelectorAll("input[id], select[id], textarea[id]")];
    const isTyped = (e) => e.type === "checkbox" ? false : e.tagName === "SELECT" ? ![...e.options].some((o) => o.selected && o.defaultSelected) && e.selectedIndex > 0 : e.value !== e.defaultValue;
    return fields.filter(isTyped).map((e) => [e.id, e.value]);
  }

  function swap(name, incoming) {
    const there = parts(document).get(name);
    if (!there || shownHtml.get(name) === incoming.innerHTML) return;
    if (there.contains(document.activeElement) && isField(document.activeElement)) {
      late.set(name, incoming);
      return;
    }
    late.delete(name);
    shownHtml.set(name, incoming.innerHTML);
    const picked = [...there.querySelectorAll("input[type=checkbox]:checked")].map((e) => e.name);
    const typed = typedIn(there), folds = [...there.querySelectorAll("details[id]")].map((d) => [d.id, d.open]);
    const focused = there.contains(document.activeElement) ? document.activeElement.id : "";
    const top = there.scrollTop;
    there.replaceChildren(...document.importNode(incoming, true).childNodes);
    for (const name of picked) { const e = there.querySelector(`[name="${CSS.escape(name)}"]`); if (e) e.checked = true; }
    for (const [id, value] of typed) { const e = document.getElementById(id); if (e) e.value = value; }
    for (const [id, open] of folds) { const e = document.getElementById(id); if (e) e.open = open; }
    if (focused) (document.getElementById(focused) || document.getElementById("main")).focus({ preventScroll: true });
    there.scrollTop = name === "timeline" && isAtEnd ? there.scrollHeight : top;
    if (name === "way" && text && text.value) soonPreview();
  }

  function take(page, { said }) {
    forget(page);
    for (const [name, incoming] of parts(page)) if (name !== "said" || said) swap(name, incoming);
    if (parts(page).size) document.title = page.title;
    tellOffers();
    tick();
  }

  function offerIds() {
    return new Set([...document.querySelectorAll("[data-offer]")].map((e) => e.dataset.offer));
  }

  function tellOffers() {
    const fresh = [...document.querySelectorAll("[data-offer]")].filter((e) => !offersKnown.has(e.dataset.offer));
    if (fresh.length) news.textContent = fresh.map((e) => `New offer: ${e.dataset.says}.`).join(" ");
    offersKnown = offerIds();
  }

  function say(words) {
    const p = Object.assign(document.createElement("p"), { className: "said bad", textContent: words });
    p.setAttribute("role", "alert");
    parts(document).get("said").replaceChildren(p);
    shownHtml.delete("said");
  }

  // --- refreshing ----------------------------------------------------------------------------------------------------

  let saidUntil = 0, timer = 0, dueAt = Infinity, isReading = false, again = false;

  function refresh(inMs) {
    const at = performance.now() + inMs;
    if (at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(read, inMs);
  }

  async function read() {
    dueAt = Infinity;
    if (isReading) { again = true; return; }
    isReading = true;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
      if (answer.status === 401) return location.reload();
      if (answer.ok || answer.status === 404) take(parse(await answer.text()), { said: false });
    } catch {
      refresh(FAR_MS);
    } finally {
      isReading = false;
      if (again) { again = false; refresh(NEAR_MS); }
    }
  }

  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  // --- the stream: it says that something changed, the page is read again ---------------------------------------------

  let waitMs = RETRY_MIN_MS, socket = null;

  const isOpen = (about) => !!about && (about === openCase || // or a case that is one with it
    (document.getElementById("one-case")?.dataset.cases.split(" ") ?? []).includes(about));

  function concerns(frame) {
    const { agent, case: about, message } = frame.data || {};
    return (me && agent === me) || isOpen(about) ||
      (about && document.querySelector(`[data-case="${CSS.escape(about)}"]`)) ||
      (message && document.querySelector(`[data-message="${CSS.escape(message)}"]`));
  }

  let typingTimer = 0, typedAt = 0;

  function tellTyping({ case: about, on }) {
    if (!isOpen(about)) return;
    clearTimeout(typingTimer);
    document.getElementById("their-typing").textContent = on ? "They are typing…" : "";
    typingTimer = setTimeout(() => { document.getElementById("their-typing").textContent = ""; }, TYPING_SHOWN_MS);
  }

  function tellThatITypes() {
    if (!openCase || document.getElementById("their-typing").dataset.chat !== "yes" || Date.now() - typedAt < TYPING_MS) return;
    typedAt = Date.now();
    fetch(`/api/v1/cases/${openCase}/typing`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).catch(() => {});
  }

  function connect() {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/stream?since=${since}`);
    const mine = socket;
    let wasOpen = false;
    mine.onopen = () => {
      wasOpen = true;
      waitMs = RETRY_MIN_MS;
      line.textContent = "live";
      line.className = "";
      refresh(0);
    };
    mine.onmessage = (event) => {
      const frame = JSON.parse(event.data);
      if (frame.kind === "typing") return tellTyping(frame.data);
      if (frame.kind === "mark") since = frame.seq;
      else refresh(concerns(frame) ? NEAR_MS : FAR_MS);
    };
    mine.onclose = () => {
      if (mine !== socket) return;
      line.textContent = "reconnecting…";
      line.className = "lost";
      if (!wasOpen) refresh(NEAR_MS); // a session that ended shows itself there
      setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
      waitMs = Math.min(waitMs * 2, RETRY_MAX_MS);
    };
  }

  // --- forms: the same as without a script, but the page stays --------------------------------------------------------

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.action.endsWith("/sign-out")) sessionStorage.clear();
    if (!form.matches("[data-live]")) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    form.dataset.once ||= crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2).padEnd(12, "0");
    const sent = new URLSearchParams(new FormData(form, event.submitter));
    sent.set("once", form.dataset.once);
    const words = form.querySelector("textarea");
    try {
      const to = event.submitter?.hasAttribute("formaction") ? event.submitter.formAction : form.action;
      const answer = await fetch(to, { method: "POST", body: sent });
      const page = parse(await answer.text());
      delete form.dataset.once; // answered: the next sending is another one
      if (answer.status === 401) return location.reload();
      if (!parts(page).size) return say("That did not work. Your words are still here; try again.");
      const there = new URL(answer.url);
      if (answer.ok && answer.redirected && there.pathname !== location.pathname) return location.assign(there.pathname + "#case");
      if (answer.ok && words) { words.value = words.defaultValue = ""; keepDraft(); }
      if (answer.ok) for (const e of form.querySelectorAll("input:not([type=hidden])")) e.value = e.defaultValue;
      if (isField(document.activeElement) && form.contains(document.activeElement) && document.activeElement !== words) document.activeElement.blur();
      take(page, { said: true });
      clearTimeout(saidUntil); // what was said before this does not take it away
      saidUntil = setTimeout(() => document.querySelector("#said .good")?.remove(), SAID_MS);
      shownHtml.delete("said");
      if (!answer.ok) document.getElementById("said").scrollIntoView({ block: "nearest" });
    } catch {
      say("No answer came. Press again when the line is back: it is done only once.");
    } finally {
      delete form.dataset.busy;
    }
  });

  document.addEventListener("focusout", () => setTimeout(() => {
    for (const [name, incoming] of [...late]) swap(name, incoming);
    tick();
  }));

  // --- the reply box ---------------------------------------------------------------------------------------------------

  let previewTimer = 0;
  const draftKey = `draft ${openCase}`;

  function keepDraft() {
    if (!text) return;
    if (text.value) sessionStorage.setItem(draftKey, text.value);
    else sessionStorage.removeItem(draftKey);
  }

  function soonPreview() {
    clearTimeout(previewTimer);
    previewTimer = setTimeout(preview, PREVIEW_MS);
  }

  async function preview() {
    const asked = new URLSearchParams(new FormData(reply));
    asked.set("alone", "1");
    try {
      const answer = await fetch(`/desk/case/${openCase}/preview`, { method: "POST", body: asked });
      if (!answer.ok) return;
      const part = Object.assign(document.createElement("div"), { innerHTML: await answer.text() });
      const there = document.getElementById("way");
      const select = there.querySelector("select");
      if (select && select === document.activeElement) there.replaceChildren(select.labels[0], select, ...[...part.children].filter((e) => !e.matches("[for=channel], [name=channel]")));
      else there.replaceChildren(...part.childNodes);
      shownHtml.delete("way");
    } catch { /* the line is down; it says so elsewhere */ }
  }

  if (reply) {
    reply.addEventListener("input", (e) => { keepDraft(); if (e.target === text) tellThatITypes(); if (e.target.name !== "reason") soonPreview(); });
    text.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) reply.requestSubmit(document.getElementById("send")); });
    text.value ||= sessionStorage.getItem(draftKey) || "";
    if (text.value) soonPreview();
  }

  // --- keys and times --------------------------------------------------------------------------------------------------

  const keys = document.getElementById("keys");
  keys.checked = localStorage.getItem("keys") !== "off";
  keys.addEventListener("change", () => localStorage.setItem("keys", keys.checked ? "on" : "off"));
  document.getElementById("keys-row").hidden = false;

  document.addEventListener("keydown", (event) => {
    if (!keys.checked || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (event.key === "a") (document.getElementById("accept-here") || document.querySelector("button.accept"))?.click();
    else if (event.key === "r" && text) { event.preventDefault(); text.focus(); }
    else if (event.key === "n") next();
    else if (event.key === "s") split(event);
    else if (/^[0-9p]$/.test(event.key)) document.querySelector(`button[data-key="${event.key}"]`)?.click();
    else if (event.key.startsWith("Arrow") && event.target.matches("[form=split]")) pick(event);
  });

  const boxes = () => [...document.querySelectorAll("input[form=split]")];

  function split(event) {
    if (boxes().some((e) => e.checked)) document.getElementById("split")?.requestSubmit();
    else if (boxes().length) { event.preventDefault(); boxes().at(-1).focus(); } // arrows go on, space marks
  }

  function pick(event) {
    const to = boxes()[boxes().indexOf(event.target) + (event.key === "ArrowUp" ? -1 : 1)];
    if (to) { event.preventDefault(); to.focus(); }
  }

  function next() {
    const links = [...document.querySelectorAll("a[data-next]")];
    const here = links.findIndex((a) => a.dataset.case === openCase);
    if (links.length) links[(here + 1) % links.length].click();
  }

  const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
  const full = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "long" });
  const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

  function relative(seconds) {
    return seconds < 45 ? "just now" : ago.format(-Math.max(1, Math.round(seconds / 60)), "minute");
  }

  function counted(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  }

  function tick() {
    const now = Date.now() - behindMs;
    for (const e of document.querySelectorAll("time[datetime]")) {
      const at = new Date(e.dateTime), passed = (now - at) / 1000;
      const isToday = at.toDateString() === new Date(now).toDateString();
      if ("since" in e.dataset) e.classList.toggle("over", now >= new Date(e.dataset.limit));
      const shown = "since" in e.dataset ? counted(passed)
        : "left" in e.dataset ? `${Math.max(0, Math.round(-passed))} s left`
        : passed >= 0 && passed < 2700 ? relative(passed)
        : `${isToday ? "" : day.format(at) + ", "}${clock.format(at)}`;
      if (e.textContent !== shown) e.textContent = shown;
      if (!e.dataset.full) { e.dataset.full = "1"; e.title = full.format(at); }
    }
  }

  forget(document);
  for (const [name, e] of parts(document)) shownHtml.set(name, e.innerHTML);
  if (timeline) {
    const toEnd = () => { if (isAtEnd) timeline.scrollTop = timeline.scrollHeight; };
    timeline.addEventListener("scroll", () => { isAtEnd = timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight < 40; });
    new ResizeObserver(toEnd).observe(timeline);
    toEnd();
  }
  if (location.hash === "#case") document.getElementById("case")?.focus({ preventScroll: true }); // never the reply box: keys stay keys
  tick();
  setInterval(tick, 1000);
  line.textContent = "connecting…";
  addEventListener("online", () => { if (socket.readyState > 1) { waitMs = RETRY_MIN_MS; refresh(0); } });
  connect();
})();
