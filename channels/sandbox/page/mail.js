// The page's mailboxes: what came and what was sent, one mail to read, one to write.
// Its one rule: a mail is shown as text, its HTML too; nothing of it is ever made part of the page.
"use strict";

const MAILBOXES = ["mia@customer.example", "tom@customer.example"];
const ADDRESS = /^[^\s<>@]+@[^\s<>@]+$/;
const MAILS_SHOWN = 200;
const STATES = { on_its_way: "on its way", accepted: "taken", bounced: "returned" };

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// RFC 2047: words outside ASCII, in pieces that fit into a line.
function encoded(text) {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const pieces = [...text].reduce((all, one) => {
    const last = all[all.length - 1];
    if (last.length >= 12) all.push(one);
    else all[all.length - 1] = last + one;
    return all;
  }, [""]);
  return pieces.map((one) => `=?utf-8?b?${base64(one)}?=`).join("\r\n ");
}

function base64OfBytes(bytes) {
  let binary = "";
  for (let from = 0; from < bytes.length; from += 8192) binary += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(binary);
}

// A file of the disk as a part: its bytes in lines of base64, its name as RFC 2231 writes it.
async function filePart(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const name = encodeURIComponent(file.name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  const head = `Content-Type: ${file.type || "application/octet-stream"}\r\nContent-Transfer-Encoding: base64\r\n`;
  const lines = base64OfBytes(bytes).match(/.{1,76}/g) || [];
  return `${head}Content-Disposition: attachment; filename*=utf-8''${name}\r\n\r\n${lines.join("\r\n")}\r\n`;
}

// Parts, each with its head, as one part of several.
function together(kind, parts, boundary) {
  const all = parts.map((one) => `--${boundary}\r\n${one}`).join("");
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${all}--${boundary}--\r\n`;
}

// A mail as a mail program writes it (RFC 5322).
async function written({ from, to, cc, subject, text, html, files, thread, at }) {
  const token = `${Date.now().toString(36)}.${Math.random().toString(36).slice(2)}`;
  const head = [
    `From: ${from}`, `To: ${to}`, `Subject: ${encoded(subject)}`, `Date: ${new Date(at).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${token}@${from.split("@")[1]}>`, "MIME-Version: 1.0",
  ];
  if (cc) head.push(`Cc: ${cc}`);
  if (thread && thread.id) head.push(`In-Reply-To: ${thread.id}`, `References: ${[thread.references, thread.id].filter(Boolean).join("\r\n ")}`);
  const part = (kind, words) => `Content-Type: text/${kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${words.replace(/\r?\n/g, "\r\n")}\r\n`;
  const words = html ? together("alternative", [part("plain", text), part("html", html)], `=_${token}`) : part("plain", text);
  const parts = await Promise.all(files.map(filePart));
  return `${head.join("\r\n")}\r\n${parts.length ? together("mixed", [words, ...parts], `=_files.${token}`) : words}`;
}

async function postMail(raw) {
  const answer = await fetch("/mail", { method: "POST", headers: { "Content-Type": "message/rfc822" }, body: raw });
  const shape = await answer.json();
  if (!answer.ok) throw new Error([shape.detail, ...(shape.errors || []).map((one) => one.msg)].join(" "));
  return shape;
}

class Mailbox {
  constructor(address, place) {
    Object.assign(this, { address, place, service: "", unseen: 0 });
    this.element = find("mailbox").content.firstElementChild.cloneNode(true);
    const part = (name) => this.element.querySelector(name);
    this.list = part(".mails");
    this.reading = part(".reading");
    this.form = part(".compose");
    this.thread = null;
    this.behaviour = part(".behaviour");
    this.behaviour.addEventListener("change", () => act(() => ask("PUT", this.path("/behaviour"), { on_mail: this.behaviour.value })));
    const field = part(".address");
    field.value = address;
    field.addEventListener("change", () => this.become(field));
    part(".back").addEventListener("click", () => this.open(null));
    part(".answer").addEventListener("click", () => this.reply());
    part(".forget").addEventListener("click", () => this.follow(null));
    for (const button of this.element.querySelectorAll("[data-view]")) button.addEventListener("click", () => this.view(button.dataset.view));
    this.form.elements.rich.addEventListener("change", () => { this.form.elements.html.hidden = !this.form.elements.rich.checked; });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.forget();
  }

  forget() {
    Object.assign(this, { items: [], sent: [], last: 0, known: null, isNew: true });
    this.open(null);
  }

  become(field) {
    const address = field.value.trim().toLowerCase();
    field.classList.toggle("wrong", !ADDRESS.test(address));
    if (!ADDRESS.test(address)) return;
    field.value = this.address = address;
    localStorage.setItem(`mailbox-${this.place}`, address);
    this.forget();
    look();
  }

  path(rest = "") { return `/mail/${encodeURIComponent(this.address)}${rest}`; }

  async look() {
    const { address, form } = this;
    const mailbox = await ask("GET", this.path(`?after=${this.last}`));
    if (address !== this.address) return;
    if (!form.elements.to.value && document.activeElement !== form.elements.to && !this.thread) form.elements.to.value = this.service;
    if (document.activeElement !== this.behaviour) this.behaviour.value = mailbox.behaviour.on_mail;
    if (mailbox.items.length) this.last = mailbox.items[mailbox.items.length - 1].seq;
    if (!this.isNew) this.unseen += mailbox.items.length;
    this.isNew = false;
    showUnseen();
    this.items = [...this.items, ...mailbox.items].slice(-MAILS_SHOWN);
    this.sent = mailbox.sent;
    const state = JSON.stringify([address, this.last, this.sent]);
    if (state === this.known) return;
    this.known = state;
    this.showList();
  }

  showList() {
    const mails = [...this.sent.map((mail) => ["out", mail]), ...this.items.map((mail) => ["in", mail])];
    mails.sort(([, a], [, b]) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const rows = mails.slice(-MAILS_SHOWN).reverse().map(([side, mail]) => this.row(side, mail));
    if (!rows.length) rows.push(make("li", "empty", "No mail yet. Write one below; the answers arrive here."));
    this.list.replaceChildren(...rows);
  }

  row(side, mail) {
    const item = make("li");
    const button = make("button", `mail ${side}`);
    button.type = "button";
    const line = make("span", "line1");
    const who = side === "out" ? `to ${mail.recipients.join(", ")}` : mail.from || "nobody";
    line.append(make("span", "from", who), make("span", "note", hour(mail.at)));
    const words = make("span", "line2");
    words.append(make("span", "about", mail.subject || "(no subject)"), make("span", "start", mail.text.slice(0, 200)));
    button.append(line, words);
    if (side === "out") {
      const state = make("span", `note ${mail.state === "bounced" ? "bad" : ""}`, STATES[mail.state]);
      state.title = mail.reply;
      line.insertBefore(state, line.lastElementChild);
    } else if (mail.folder !== "INBOX") line.insertBefore(make("span", "note", mail.folder), line.lastElementChild);
    button.addEventListener("click", () => this.open(mail));
    item.append(button);
    return item;
  }

  open(mail) {
    this.mail = mail;
    this.reading.hidden = !mail;
    this.list.hidden = Boolean(mail);
    if (!mail) return;
    this.reading.querySelector(".subject").textContent = mail.subject || "(no subject)";
    const copies = mail.cc ? `, copy to ${mail.cc}` : "";
    this.reading.querySelector(".who").textContent = `${mail.from || "nobody"} → ${mail.to || mail.recipients}${copies} · ${mail.at.slice(0, 10)} ${hour(mail.at)}`;
    this.reading.querySelector(".answer").hidden = !mail.headers;
    this.reading.querySelector('[data-view="html"]').disabled = !mail.html;
    this.reading.querySelector('[data-view="headers"]').disabled = !mail.headers;
    this.view("text");
  }

  view(name) {
    const { mail } = this;
    const place = this.reading.querySelector(".view");
    for (const button of this.reading.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === name));
    place.className = `view as-${name}`;
    place.scrollTop = 0;
    if (name === "headers") {
      place.replaceChildren(...Object.entries(mail.headers).flatMap(([one, value]) => [make("span", "name", one), make("span", "", value)]));
      return;
    }
    place.textContent = mail[name];
    for (const file of mail.attachments || []) {
      place.append(make("span", "attached", `${file.name || "a part"} · ${file.type} · ${file.size_bytes} bytes`));
    }
  }

  // A reply keeps the thread and quotes, as mail programs do.
  reply() {
    const { mail, form } = this;
    const headers = Object.fromEntries(Object.entries(mail.headers).map(([name, value]) => [name.toLowerCase(), value]));
    this.follow({ id: mail.message_id, references: headers.references, subject: mail.subject });
    const wanted = (headers["reply-to"] || "").match(/[^\s<>,"]+@[^\s<>,"]+/);
    form.elements.to.value = wanted ? wanted[0] : mail.from || mail.return_path;
    form.elements.subject.value = /^re:/i.test(mail.subject) ? mail.subject : `Re: ${mail.subject}`;
    const quoted = mail.text.trimEnd().split("\n").map((line) => `> ${line}`).join("\n");
    form.elements.text.value = `\n\nOn ${mail.at.slice(0, 10)} at ${mail.at.slice(11, 16)}, ${mail.from} wrote:\n${quoted}\n`;
    form.elements.text.focus();
    form.elements.text.setSelectionRange(0, 0);
    form.elements.text.scrollTop = 0;
  }

  follow(thread) {
    this.thread = thread;
    const note = this.form.querySelector(".thread");
    note.hidden = !thread;
    note.firstElementChild.textContent = thread ? `Reply to “${thread.subject}”` : "";
    if (!thread) { this.form.reset(); this.form.elements.html.hidden = true; this.form.elements.to.value = this.service; }
  }

  send() {
    const { to, cc, subject, text, html, rich, files } = this.form.elements;
    const outcome = this.form.querySelector(".outcome");
    if (!text.value && !html.value && !files.files.length) return;
    act(async () => {
      const { now } = await ask("GET", "/clock");
      const raw = await written({
        from: this.address, to: to.value, cc: cc.value.trim(), subject: subject.value, text: text.value,
        html: rich.checked ? html.value : "", files: [...files.files], thread: this.thread, at: now,
      });
      const answer = await postMail(raw);
      outcome.textContent = answer.reply;
      outcome.classList.toggle("bad", !answer.accepted);
      this.follow(null);
      this.open(null);
    });
  }
}
