// The sandbox's page: three phones, two mailboxes, three devices, the faults, the clock and the traffic, asked for anew each second.
// Its one rule: every word that came from elsewhere goes through textContent.
"use strict";

const EVERY_MS = 1000;
const TRAFFIC_SHOWN = 200;
const PHONES = ["+14155550142", "+447700900123", "+14155550177"];
const NUMBER = /^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|(client:|sips?:)[!-~]{1,256})$/;
const KEYS = "123456789*0#";
const KINDS = {
  say: "says", play: "plays", gather: "listens", record: "records", music: "music", connected: "with", ended: "ended",
};
const LISTENS = { dtmf: "for keys", speech: "for words", "dtmf speech": "for keys and words" };
const FAULTS = {
  duplicate_webhooks: "sent twice", reorder: "out of order", lose_status: "status lost", delay_s: "delay, s",
  provider_down: "provider down", error_rate: "errors 500", throttle: "throttled 429", truncate: "answer cut",
  lose_answers: "answer lost", calls_per_s: "calls a second", mail_twice: "mail twice", mail_greylist: "mail greylisted",
  mail_lost_answer: "mail, no answer", mail_bounce_later: "mail bounces", mail_two_folders: "two folders",
};

const find = (id) => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function ask(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  const answer = await fetch(path, options);
  const shape = await answer.json();
  if (answer.ok) return shape;
  throw new Error([shape.detail, ...(shape.errors || []).map((one) => one.msg)].join(" "));
}

function tell(problem) {
  const notice = find("notice");
  notice.hidden = !problem;
  notice.textContent = problem ? problem.message : "";
}

// Does something that the person asked for; what goes wrong is told and stays until the next thing done.
async function act(doing) {
  try {
    await doing();
    tell(null);
  } catch (problem) {
    tell(problem);
  }
  await look();
}

const hour = (at) => at.slice(11, 19);

function bubble(side, text) {
  const item = make("li", `text ${side}`);
  const body = make("div", "bubble", text.body);
  for (const file of text.media) {
    const link = make("a", "file", file.content_type);
    if (/^https?:/.test(file.url)) link.href = file.url;
    link.rel = "noreferrer noopener";
    link.target = "_blank";
    body.append(link);
  }
  const way = text.channel === "whatsapp" ? " · WhatsApp" : "";
  const note = make("span", "note", `${hour(text.at)}${way}`);
  if (side === "out") {
    note.append({ pending: " · on its way", done: " · taken", failed: " · not taken by the service" }[text.handed_over]);
    note.classList.toggle("bad", text.handed_over === "failed");
  }
  item.append(body, note);
  return item;
}

// A file of the disk as the control API takes it.
async function mediaOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { content_type: file.type || "application/octet-stream", base64: base64OfBytes(bytes) };
}

// Whoever asks something listens meanwhile already; people read it in the order in which it is heard.
function inOrder(heard) {
  const rows = [];
  let listens = null;
  for (const one of heard) {
    if (listens && !["say", "play"].includes(one.kind)) { rows.push(listens); listens = null; }
    if (one.kind === "gather") listens = one;
    else rows.push(one);
  }
  return listens ? [...rows, listens] : rows;
}

// Of what is played the name; its whole address stands in the title.
function heardWords(one) {
  if (one.kind === "gather") return LISTENS[one.text] || one.text || "";
  if (one.kind !== "play" && one.kind !== "music") return one.text || "";
  const address = one.text || "";
  const name = address.split(/[?#]/)[0].split("/").pop();
  return /^hold/i.test(name) ? "hold music" : name || "a sound";
}

class Phone {
  constructor(number, place) {
    this.place = place;
    this.number = number;
    this.seen = "";
    this.element = find("phone").content.firstElementChild.cloneNode(true);
    this.talk = this.element.querySelector(".talk");
    this.behaviour = this.element.querySelector(".behaviour");
    const field = this.element.querySelector(".number");
    field.value = number;
    field.addEventListener("change", () => this.become(field));
    this.behaviour.addEventListener("change", () => this.behave({ on_text: this.behaviour.value }));
    this.onRing = this.element.querySelector(".ring");
    this.onRing.addEventListener("change", () => this.behave({ on_ring: this.onRing.value }));
    this.known = {};
    this.prepareCalls();
    for (const way of this.element.querySelectorAll(".way input")) way.name = `way-${place}`;
    const form = this.element.querySelector(".write");
    form.addEventListener("submit", (event) => { event.preventDefault(); this.send(form); });
    form.querySelector("textarea").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    });
  }

  become(field) {
    const typed = field.value.trim();
    const number = typed.includes(":") ? typed : typed.replace(/[\s().-]/g, "");
    field.classList.toggle("wrong", !NUMBER.test(number));
    if (!NUMBER.test(number)) return;
    field.value = this.number = number;
    localStorage.setItem(`phone-${this.place}`, number);
    look();
  }

  path(rest = "") { return `/phones/${encodeURIComponent(this.number)}${rest}`; }

  // What else the phone does by itself stays as it is.
  behave(change) { act(() => ask("PUT", this.path("/behaviour"), { ...this.known, ...change })); }

  prepareCalls() {
    this.state = this.element.querySelector(".state");
    this.heard = this.element.querySelector(".heard");
    this.during = this.element.querySelector(".during");
    this.buttons = [...this.element.querySelectorAll("[data-do]")];
    for (const button of this.buttons) {
      const verb = button.dataset.do;
      button.addEventListener("click", () => act(() => ask("POST", this.path(`/${verb}`), verb === "calls" ? { to: this.ours() } : undefined)));
    }
    for (const key of KEYS) {
      const button = make("button", "", key);
      button.type = "button";
      button.addEventListener("click", () => act(() => ask("POST", this.path("/press"), { digits: key })));
      this.element.querySelector(".keys").append(button);
    }
    const form = this.element.querySelector(".say");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = form.querySelector("input");
      if (words.value) act(async () => { await ask("POST", this.path("/speak"), { text: words.value }); words.value = ""; });
    });
  }

  ours() { return this.element.querySelector(".ours").value; }

  showCall(phone) {
    const call = phone.call;
    const isIn = call !== null && call.direction === "inbound";
    const company = call ? call.with.join(", ") : "";
    const words = {
      idle: "no call", ringing: isIn ? `calling ${call.number}…` : `${call && call.number} calls`,
      in_call: company ? `talking with ${company}` : "in a call",
    }[phone.state];
    if (this.state.textContent !== words) this.state.textContent = words;
    this.state.title = words;
    this.state.classList.toggle("live", phone.state !== "idle");
    const shown = { calls: phone.state === "idle", "pick-up": phone.state === "ringing" && !isIn, "hang-up": phone.state !== "idle" };
    for (const button of this.buttons) button.hidden = !shown[button.dataset.do];
    this.onRing.hidden = phone.state !== "idle";
    this.during.hidden = phone.state !== "in_call";
    const heard = call ? call.heard : [];
    const state = JSON.stringify([call && call.sid, heard]);
    if (state === this.heardState) return;
    this.heardState = state;
    this.heard.replaceChildren(...inOrder(heard).map((one) => {
      const item = make("li", one.kind === "gather" || one.kind === "record" ? "listens" : one.kind === "ended" ? "over" : "");
      item.title = one.kind === "play" || one.kind === "music" ? `${hour(one.at)} ${one.text || ""}` : hour(one.at);
      item.append(make("span", "kind", one.from || KINDS[one.kind]), make("span", "", heardWords(one)));
      return item;
    }));
    this.heard.scrollTop = this.heard.scrollHeight;
  }

  send(form) {
    const text = form.querySelector("textarea");
    const files = form.elements.media;
    if (!text.value && !files.files.length) return;
    const channel = form.querySelector(".way input:checked").value;
    act(async () => {
      const media = await Promise.all([...files.files].map(mediaOf));
      await ask("POST", this.path("/texts"), { body: text.value, to: this.ours(), channel, media });
      text.value = files.value = "";
    });
  }

  async look() {
    const number = this.number;
    const phone = await ask("GET", this.path());
    if (number !== this.number) return;
    this.known = phone.behaviour;
    if (document.activeElement !== this.onRing) this.onRing.value = phone.behaviour.on_ring;
    this.showCall(phone);
    if (document.activeElement !== this.behaviour) this.behaviour.value = phone.behaviour.on_text;
    // At one instant what was sent stands before what came: an answer follows its question.
    const texts = [...phone.sent.map((text) => ["out", text]), ...phone.inbox.map((text) => ["in", text])];
    texts.sort(([, a], [, b]) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const state = JSON.stringify([number, texts]);
    if (state === this.seen) return;
    this.seen = state;
    const items = texts.map(([side, text]) => bubble(side, text));
    if (!items.length) items.push(make("li", "empty", "No texts yet. Write one below; the answers arrive here."));
    this.talk.replaceChildren(...items);
    this.talk.scrollTop = this.talk.scrollHeight;
  }
}

const mailboxes = MAILBOXES.map((address, place) => new Mailbox(localStorage.getItem(`mailbox-${place}`) || address, place));
const devices = DEVICES.map((name, place) => new Device(localStorage.getItem(`device-${place}`) || name, place));
const phones = PHONES.map((number, place) => new Phone(localStorage.getItem(`phone-${place}`) || number, place));

function showFaults(faults) {
  const form = find("faults");
  for (const [name, words] of Object.entries(FAULTS)) {
    let field = form.elements[name];
    if (!field) {
      const label = make("label", "", words);
      field = make("input");
      Object.assign(field, { name, type: "number", min: 0, step: "any" });
      if (name !== "delay_s" && name !== "calls_per_s") field.max = 1;
      field.addEventListener("change", changeFaults);
      label.append(field);
      form.append(label);
    }
    if (document.activeElement !== field) field.value = faults[name];
    field.parentElement.classList.toggle("on", faults[name] > 0);
    field.parentElement.classList.toggle("mails-own", name.startsWith("mail_"));
  }
}

function changeFaults() {
  const form = find("faults");
  const wanted = Object.fromEntries(Object.keys(FAULTS).map((name) => [name, Number(form.elements[name].value)]));
  act(() => ask("PUT", "/faults", wanted));
}

let lastSeq = 0;

const PLACES = ["phones", "mail", "devices"];

// One place is shown; which one stands in the address, so that it can be linked to.
function showPlace() {
  const wanted = PLACES.find((one) => `#${one}` === location.hash) || PLACES[0];
  for (const one of PLACES) find(`${one}-shown`).hidden = one !== wanted;
  for (const link of find("places").children) {
    if (link.hash === `#${wanted}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.body.dataset.place = wanted;
  if (wanted === "mail") for (const one of mailboxes) one.unseen = 0;
  showUnseen();
}

function showUnseen() {
  const count = find("mail-shown").hidden ? mailboxes.reduce((sum, one) => sum + one.unseen, 0) : 0;
  find("unseen").hidden = !count;
  find("unseen").textContent = count;
}

const statusOf = (one) => (one.kind === "mail" ? one.code : one.status);

// What went over the wire, in words: what it was, and about what.
function told(one) {
  if (one.kind === "mail") return [`MAIL ${one.subject || "(no subject)"}`, `${one.from || "<>"} → ${one.to}`];
  const path = one.url.replace(/^https?:\/\/[^/]+/, "").replace(/^\/2010-04-01\/Accounts\/\w+/, "");
  const fields = one.fields;
  const about = fields.StatusCallbackEvent || fields.MessageStatus || fields.Body || fields.Digits || fields.SpeechResult || fields.CallStatus;
  return [`${one.method} ${path}`, [fields.From || fields.FriendlyName, about].filter(Boolean).join(": ")];
}

function exchange(one) {
  const item = make("li");
  const isOut = one.kind === "webhook" || one.direction === "in";
  const arrow = make("span", isOut ? "" : "way-in", isOut ? "→" : "←");
  const name = { webhook: "webhook", rest: "REST call", mail: "mail" }[one.kind];
  arrow.title = `${name} ${isOut ? "to" : "from"} the service`;
  const [title, said] = told(one);
  const what = make("div", "what");
  what.append(make("span", "path", title));
  what.title = title;
  const faults = one.faults.length ? ` · ${one.faults.join(", ")}` : "";
  const again = one.attempt > 1 ? ` · attempt ${one.attempt}` : "";
  what.append(make("small", "", `${hour(one.at)} ${said}${again}${faults}`));
  const status = statusOf(one);
  const isBad = status === null || status >= 400;
  const code = make("span", `code${isBad ? " bad" : ""}`, status === null ? (one.failure ? "failed" : "…") : status);
  code.title = one.failure || one.text || "";
  item.append(arrow, what, code);
  return item;
}

async function lookAtTraffic() {
  const list = find("traffic");
  const traffic = await ask("GET", `/traffic?after=${lastSeq}`);
  const fresh = traffic.items;
  // What has no outcome yet is asked for again; what is behind it is shown once it is there.
  const open = fresh.findIndex((one) => statusOf(one) === null && !one.failure);
  const done = open < 0 ? fresh : fresh.slice(0, open);
  if (done.length) lastSeq = done[done.length - 1].seq;
  list.prepend(...done.map(exchange).reverse());
  while (list.childElementCount > TRAFFIC_SHOWN) list.lastElementChild.remove();
  find("quiet").hidden = list.childElementCount > 0;
}

async function lookAtClock() {
  const clock = await ask("GET", "/clock");
  find("now").textContent = `${clock.now.slice(0, 10)} ${hour(clock.now)} UTC`;
  find("now").title = clock.mode === "manual" ? "manual time: it moves only by hand" : "real time";
  find("move").hidden = clock.mode !== "manual";
}

let looking = null;
let isAway = false;

function look() {
  looking ??= Promise.all([lookAtClock(), lookAtTraffic(), ask("GET", "/faults").then(showFaults), ...[...phones, ...mailboxes, ...devices].map((one) => one.look())])
    .then(() => { if (isAway) tell(null); isAway = false; })
    .catch((problem) => { isAway = true; tell(problem instanceof TypeError ? new Error("The sandbox does not answer.") : problem); })
    .finally(() => { looking = null; });
  return looking;
}

async function begin() {
  find("phones-shown").append(...phones.map((one) => one.element));
  find("mail-shown").append(...mailboxes.map((one) => one.element));
  find("devices-shown").append(...devices.map((one) => one.element));
  addEventListener("hashchange", showPlace);
  showPlace();
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => act(() => ask("POST", "/clock", { advance_s: Number(button.dataset.advance) })));
  }
  const about = await ask("GET", "/about");
  find("visitor").href = new URL("/chat/test", about.numbers[0].sms_url);
  find("visitor").hidden = false;
  find("numbers").textContent = `Service: ${[...about.numbers.map((one) => one.number), about.mail_address].join(", ")}`;
  for (const one of mailboxes) one.service = about.mail_address;
  for (const ours of document.querySelectorAll(".ours")) {
    ours.replaceChildren(...about.numbers.map((one) => new Option(one.number, one.number)));
  }
  await look();
  setInterval(look, EVERY_MS);
}

begin().catch(tell);
