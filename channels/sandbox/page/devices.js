// The page's devices: one button, a lamp, a small display, and what the device reads of its own.
// Its one rule: it shows what a device can show; the code is for whoever stands before it.
"use strict";

const DEVICES = ["T100-0001", "T100-0002", "door-bell-7"];
const ERRORS = { "": "no error", E42: "E42 burner", E43: "E43 pressure", E07: "E07 sensor" };
const DEVICE_NAME = /^[!-~]{1,100}$/;
const LIGHTS = {
  off: "ready", sending: "sending…", waits: "it came in", call: "we call", done: "answered", failed: "not sent",
};

class Device {
  constructor(name, place) {
    Object.assign(this, { name, place, known: "" });
    this.element = find("device").content.firstElementChild.cloneNode(true);
    const part = (selector) => this.element.querySelector(selector);
    this.parts = {
      lamp: part(".lamp"), lampWords: part(".lamp-words"), says: part(".says"), code: part(".code"), digits: part(".digits"),
      until: part(".until"), promised: part(".promised"), page: part(".its-page"), bond: part(".bond"), presses: part(".presses"),
    };
    const field = part(".number");
    field.value = name;
    field.addEventListener("change", () => this.become(field));
    const errors = part(".error");
    errors.replaceChildren(...Object.entries(ERRORS).map(([value, words]) => new Option(words, value)));
    errors.value = "E42";
    part(".button").addEventListener("click", () => this.press({ context: errors.value ? { error: errors.value } : {} }));
    part(".call-me").addEventListener("click", () => this.press({ context: errors.value ? { error: errors.value } : {}, reach_me: { channel: "phone", at: "now" } }));
    part(".reset").addEventListener("click", () => act(() => ask("POST", this.path("/reset"), {})));
  }

  become(field) {
    const name = field.value.trim();
    field.classList.toggle("wrong", !DEVICE_NAME.test(name));
    if (!DEVICE_NAME.test(name)) return;
    field.value = this.name = name;
    localStorage.setItem(`device-${this.place}`, name);
    this.known = "";
    look();
  }

  path(rest = "") { return `/devices/${encodeURIComponent(this.name)}${rest}`; }

  press(how) {
    this.parts.lamp.dataset.light = "sending";
    act(() => ask("POST", this.path("/press"), how));
  }

  async look() {
    const { name } = this;
    // Who does not look at a device does not make it ask the service each second.
    if (find("devices-shown").hidden && this.known) return;
    const device = await ask("GET", this.path());
    if (name !== this.name) return;
    const state = JSON.stringify(device);
    if (state === this.known) return;
    this.known = state;
    this.show(device);
  }

  show(device) {
    const { lamp, lampWords, says, code, digits, until, promised, page, bond, presses } = this.parts;
    page.hidden = !device.page_url;
    if (device.page_url) page.href = device.page_url;
    lamp.dataset.light = device.light;
    lampWords.textContent = LIGHTS[device.light];
    says.textContent = device.says || "Press the button. Nothing has to be filled in.";
    code.hidden = !device.code;
    digits.textContent = device.code || "";
    until.textContent = device.code ? `say it to us by ${hour(device.code_until).slice(0, 5)} UTC` : "";
    const promise = device.promised && device.promised.window;
    promised.hidden = !promise;
    promised.textContent = promise ? `Between ${hour(promise.start).slice(0, 5)} and ${hour(promise.end).slice(0, 5)} UTC` : "";
    bond.textContent = device.paired ? "paired · signs" : device.has_key ? "not paired" : "new";
    bond.classList.toggle("good", device.paired);
    const rows = device.presses.slice(-6).reverse().map((one) => {
      const item = make("li", one.trouble ? "bad" : "");
      item.append(make("span", "at", hour(one.at)), make("span", "", one.trouble || (one.signed ? "pressed, signed" : "pressed")));
      return item;
    });
    presses.replaceChildren(...rows);
  }
}
