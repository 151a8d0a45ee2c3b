// Trouble on purpose: each scriptable fault with a switch, what is on at a glance, and the real states of chats and tokens.
import { ask, attempt, el, icon, options, refill } from "./kit.js";
import { on, store } from "./store.js";
import { FAULT_KINDS, faultWords, locale, word } from "./words.js";

const TIMES = [1, 3, 10, -1];
// Faults whose answer can spoil a call that nevertheless took effect.
const EITHER = new Set(["5xx", "hang", "reset", "429"]);
const STATUSES = { private: ["member", "kicked"], other: ["administrator", "member", "restricted", "left", "kicked"] };
const byId = (id) => document.getElementById(id);
const scope = byId("scope");

const spent = (fault) => fault.times >= 0 && fault.struck >= fault.times;
const isLive = (fault) => fault.on && !spent(fault);
const place = (fault) => {
  if (fault.chat === "*") return fault.platform === "*" ? word("both") : word(fault.platform);
  for (const platform of ["telegram", "slack"]) if (store.chats[platform].has(fault.chat)) return store.chats[platform].get(fault.chat).title;
  return fault.chat;
};

function chosen() {
  const { platform, chat, times, seconds, processed } = scope.elements;
  const [where, id] = chat.value ? chat.value.split(" ") : [platform.value, "*"];
  return { platform: where, chat: id, times: Number(times.value), seconds: Math.max(1, Number(seconds.value) || 1), processed: processed.checked };
}

function script(kind) {
  const { platform, chat, times, seconds, processed } = chosen();
  const args = kind === "429" ? { retry_after: seconds } : ["hang", "slow"].includes(kind) ? { seconds } : {};
  if (processed && EITHER.has(kind)) args.processed = true;
  return { kind, platform, chat, times, args };
}

const remove = (fault) => attempt(() => ask(`/sandbox/faults/${fault.number}`, undefined, "DELETE"));

function line(fault) {
  const left = fault.times < 0 ? word("always") : spent(fault) ? word("spent") : word("left", { n: fault.times - fault.struck });
  return el("li", { class: isLive(fault) ? "hit live" : "hit" },
    el("span", {}, [place(fault), fault.method === "*" ? "" : fault.method, fault.on ? left : word("paused"), word("hits", { n: fault.struck })].filter(Boolean).join(" · ")),
    el("button", { type: "button", class: "bare", "aria-label": `${word("remove")}: ${faultWords(fault.kind).name}`, onclick: () => remove(fault) }, icon("remove")));
}

function drawKinds() {
  const { seconds } = chosen();
  const held = document.activeElement?.dataset?.kind;
  byId("kinds").replaceChildren(...FAULT_KINDS.map((kind) => {
    const lines = store.faults.filter((fault) => fault.kind === kind);
    const live = lines.filter(isLive);
    const { name, hint } = faultWords(kind, seconds);
    const flip = () => attempt(async () => {
      if (!live.length) await ask("/sandbox/faults", script(kind));
      else for (const fault of live) await ask(`/sandbox/faults/${fault.number}`, undefined, "DELETE");
    });
    return el("li", { class: live.length ? "kind live" : "kind" },
      el("button", { type: "button", role: "switch", class: "switch", "data-kind": kind, "aria-checked": String(live.length > 0), onclick: flip },
        el("i", { "aria-hidden": "true" }), el("span", {}, el("b", {}, name), el("small", {}, hint))),
      lines.length ? el("ul", {}, lines.map(line)) : null);
  }));
  if (held) byId("kinds").querySelector(`[data-kind="${held}"]`)?.focus();
}

/** The chips beside the page's title: what is wrong right now. */
function drawActive() {
  const live = store.faults.filter(isLive);
  const world = store.world;
  const states = world ? [world.slack.revoked ? word("revoked") : "", world.slack.scopes.includes("chat:write") ? "" : word("noScope"), world.limits.on ? "" : word("noLimit")].filter(Boolean) : [];
  const chips = [...live.map((fault) => `${faultWords(fault.kind).name} · ${place(fault)}`), ...states];
  refill(byId("active"), ...(chips.length
    ? [el("button", { type: "button", class: "chip count", onclick: show }, icon("bolt"), word("active", { n: chips.length })), ...chips.slice(0, 3).map((chip) => el("span", { class: "chip" }, chip))]
    : [el("span", { class: "none" }, word("noFaults"))]));
  byId("clear").disabled = !store.faults.length;
  document.body.dataset.trouble = String(chips.length || "");
}

function show() {
  document.dispatchEvent(new CustomEvent("show-tool", { detail: "trouble" }));
  byId("kinds").querySelector("[aria-checked=true]")?.focus();
}

function drawScope() {
  const { platform, chat, times } = scope.elements;
  options(platform, [["*", word("both")], ["telegram", word("telegram")], ["slack", word("slack")]]);
  const of = (name) => (platform.value === "*" || platform.value === name ? [...store.chats[name].values()].slice(0, 100).map((one) => [`${name} ${one.id}`, one.title]) : []);
  options(chat, [["", word("anyChat")], ...of("telegram"), ...of("slack")]);
  options(times, TIMES.map((n) => [n, n < 0 ? word("always") : n === 1 ? word("once") : word("nTimes", { n })]));
}

function buildScope() {
  const field = (name, input) => el("label", {}, el("span", { "data-word": name }), input);
  scope.append(field("platform", el("select", { name: "platform" })), field("chat", el("select", { name: "chat" })), field("times", el("select", { name: "times" })),
    field("seconds", el("input", { name: "seconds", type: "number", min: "1", max: "600", value: "5" })),
    el("label", { class: "check" }, el("input", { name: "processed", type: "checkbox" }), el("span", { "data-word": "processed" })));
  scope.addEventListener("submit", (event) => event.preventDefault());
  scope.addEventListener("change", () => { drawScope(); drawKinds(); });
}

// ---- real states

let drawn = "";
const act = (path, body) => attempt(() => ask(path, body));

function flip(name, checked, change, fine = "") {
  return el("button", { type: "button", role: "switch", class: `switch ${fine}`, "aria-checked": String(checked), onclick: () => change(!checked) }, el("i", { "aria-hidden": "true" }), el("span", {}, name));
}

function telegramState(chat) {
  const facts = chat.facts;
  const alone = facts.type === "private";
  const by = alone ? facts.id : Number(Object.entries(facts.member_ids).find(([, status]) => status === "creator")?.[0] || facts.id);
  const known = STATUSES[alone ? "private" : "other"];
  const name = (status) => word(status === "kicked" && alone ? "kickedPrivate" : status === "left" ? "left_" : status);
  const select = el("select", { "aria-label": `${chat.title}: ${word("botIs")}`, onchange: (event) => act("/sandbox/telegram/member", { user: by, chat: facts.id, status: event.target.value }) },
    known.map((status) => el("option", { value: status, selected: status === facts.bot }, name(status))));
  return el("li", {}, el("span", {}, chat.title), select,
    facts.type === "group" && !facts.moved ? el("button", { type: "button", class: "plain", onclick: () => act("/sandbox/telegram/migrate", { chat: facts.id }) }, word("migrate")) : null);
}

function slackState(chat) {
  const room = chat.facts;
  const bot = store.world.slack.bot_user;
  return el("li", {}, el("span", {}, chat.title),
    flip(word("isArchived"), room.archived, (archived) => act("/sandbox/slack/member", { channel: chat.id, archived })),
    flip(word("botInside"), room.members.includes(bot), (joined) => act("/sandbox/slack/member", { user: "bot", channel: chat.id, joined }), "fine"));
}

function drawRights() {
  if (!store.world) return;
  const { slack, limits } = store.world;
  const telegram = [...store.chats.telegram.values()].filter((chat) => chat.facts && !chat.facts.moved).slice(0, 20);
  const rooms = [...store.chats.slack.values()].filter((chat) => chat.facts && !chat.facts.user).slice(0, 20);
  // Drawn only when something changed: a menu that someone has open must stay open.
  const now = JSON.stringify([slack.revoked, slack.scopes, limits.on, locale(), [...telegram, ...rooms].map((chat) => chat.facts)]);
  if (now === drawn) return;
  drawn = now;
  const scopes = (held) => (held ? [...new Set([...slack.scopes, "chat:write"])] : slack.scopes.filter((one) => one !== "chat:write"));
  const whole = el("ul", {},
    el("li", {}, flip(word("revoked"), slack.revoked, (revoked) => act("/sandbox/slack/settings", { revoked }))),
    el("li", {}, flip(word("noScope"), !slack.scopes.includes("chat:write"), (lost) => act("/sandbox/slack/settings", { scopes: scopes(!lost) }))),
    el("li", {}, flip(word("limitsOn"), limits.on, (yes) => act("/sandbox/limits", { on: yes }), "fine")));
  refill(byId("rights"), whole, el("ul", {}, telegram.map(telegramState)), el("ul", {}, rooms.map(slackState)));
}

/** Wires the panel. */
export function start() {
  buildScope();
  byId("clear").addEventListener("click", () => attempt(() => ask("/sandbox/faults", undefined, "DELETE")));
  on("faults", () => { drawKinds(); drawActive(); });
  on("world", () => { drawScope(); drawRights(); drawActive(); });
  on("language", () => { drawScope(); drawKinds(); drawRights(); drawActive(); });
  drawScope();
  drawKinds();
}
