// What the APIs were asked and what they answered: one line a call, the newest on top, and the rate against the limit.
import { ask, attempt, clock, el, refill } from "./kit.js";
import { chatOf, isRefused, isSend, on, RATE_SECONDS, store } from "./store.js";
import { faultWords, word } from "./words.js";

const FILTERS = { all: () => true, sends: isSend, refused: isRefused };
const TICK = 1000; // milliseconds between two looks at the rate
const list = document.getElementById("calls");
const shown = new Map(); // call number -> its line
let filter = "all";

const title = (call) => (store.chats[call.platform]?.has(call.chat) ? chatOf(call.platform, call.chat).title : call.chat);

function words(call) {
  const parts = [call.error, call.detail.replaceAll("[ERROR] ", "")];
  if (call.fault) parts.push(word("struck", { kind: faultWords(call.fault).name }));
  return parts.filter(Boolean).join(" · ");
}

async function unfold(call, button, box) {
  const open = box.hidden;
  button.setAttribute("aria-expanded", String(open));
  box.hidden = !open;
  if (!open || box.firstChild) return;
  const whole = await ask(`/sandbox/requests/${call.number}`);
  const block = (name, value) => [el("b", {}, name), el("pre", {}, value)];
  let answer = whole.answer;
  try { answer = JSON.stringify(JSON.parse(answer), null, 2); } catch { /* not JSON: as it is */ }
  box.append(...block(word("sent"), JSON.stringify(whole.payload, null, 2)), ...(answer ? block(word("answered"), answer) : []));
}

function line(call) {
  const refused = isRefused(call);
  const box = el("div", { class: "payload", hidden: true });
  const button = el("button", { type: "button", class: "call", "aria-expanded": "false", onclick: () => attempt(() => unfold(call, button, box)) },
    el("time", {}, clock(call.at, "tT").replace(/^(오전|오후) |\s?[AP]M$/g, "")),
    el("span", { class: `of ${call.platform}` }, call.platform === "telegram" ? "TG" : "SL"),
    el("span", { class: "method" }, call.method),
    el("span", { class: "chat" }, title(call)),
    el("span", { class: refused ? "status bad" : "status" }, call.status || word("noAnswer")),
    el("span", { class: "why", title: words(call) }, words(call)),
    el("span", { class: "ms" }, call.ms >= 1000 ? `${(call.ms / 1000).toFixed(1)} s` : `${call.ms.toFixed(call.ms < 10 ? 1 : 0)} ms`));
  return el("li", { class: refused ? "refused" : "", "data-call": call.number }, button, box);
}

function draw() {
  const calls = store.calls.filter(FILTERS[filter]);
  const wanted = new Set(calls.map((call) => call.number));
  for (const [number, node] of shown) if (!wanted.has(number)) { node.remove(); shown.delete(number); }
  // Lines are put in on top; the browser keeps the place of whoever reads further down.
  for (const call of calls) {
    if (shown.has(call.number)) continue;
    const node = line(call);
    shown.set(call.number, node);
    list.prepend(node);
  }
  list.querySelector(".empty")?.remove();
  if (!calls.length) list.append(el("li", { class: "empty" }, word(filter === "refused" ? "noRefused" : "noCalls")));
}

function redraw() {
  for (const node of shown.values()) node.remove();
  shown.clear();
  list.replaceChildren();
  draw();
}

function drawFilter() {
  const refused = store.calls.filter(isRefused).length;
  refill(document.getElementById("log-filter"), ...Object.keys(FILTERS).map((name) => el("button", {
    type: "button", "data-filter": name, "aria-pressed": String(name === filter), onclick: () => { filter = name; drawFilter(); redraw(); },
  }, word(name), name === "refused" && refused ? el("span", { class: "badge" }, refused) : null)));
}

// ---- the rate

function meter(platform) {
  const bars = el("span", { class: "bars", "aria-hidden": "true" });
  for (let i = 0; i < RATE_SECONDS; i += 1) bars.append(el("i", {}, el("b"), el("u")));
  return el("div", { class: `rate ${platform}`, role: "meter", "aria-valuemin": "0" }, el("span", { class: "say" }), el("small"), bars);
}

function drawRate(platform) {
  const box = document.querySelector(`.rate.${platform}`);
  const limits = store.world.limits;
  const most = limits[platform].overall;
  const now = Math.floor(Date.now() / 1000);
  const seconds = store.rates[platform];
  const last = seconds.get(now) || seconds.get(now - 1) || { sent: 0, refused: 0 };
  const peak = Math.max(most, ...[...seconds.values()].map((one) => one.sent + one.refused));
  box.querySelector(".say").textContent = word("rate", { name: platform === "telegram" ? "Telegram" : "Slack", n: last.sent + last.refused });
  box.querySelector("small").textContent = limits.on ? word("limit", { n: Math.round(most) }) : word("anyRate");
  box.setAttribute("aria-valuenow", String(last.sent + last.refused));
  box.setAttribute("aria-valuemax", String(most));
  box.setAttribute("aria-label", `${box.querySelector(".say").textContent} ${box.querySelector("small").textContent}`);
  const bars = box.querySelector(".bars");
  bars.style.setProperty("--limit", `${(most / peak) * 100}%`);
  [...bars.children].forEach((bar, index) => {
    const one = seconds.get(now - (RATE_SECONDS - 1 - index)) || { sent: 0, refused: 0 };
    bar.firstChild.style.height = `${(one.sent / peak) * 100}%`;
    bar.lastChild.style.height = `${(one.refused / peak) * 100}%`;
  });
}

function drawRates() {
  if (!store.world) return;
  drawRate("telegram");
  drawRate("slack");
}

/** Wires the log and its meters. */
export function start() {
  document.getElementById("rates").append(meter("telegram"), meter("slack"));
  on("calls", () => { draw(); drawFilter(); drawRates(); });
  on("world", drawRates);
  on("language", () => { drawFilter(); redraw(); drawRates(); });
  setInterval(drawRates, TICK);
  drawFilter();
}
