// The page: loads the record, follows its changes, and lets a visitor act as anyone of the cast.
import { draw as drawSlack } from "./slack.js";
import { draw as drawTelegram } from "./telegram.js";
import { el, locale, word } from "./words.js";

const CARDS = 24; // chats drawn at once; a fan-out to thousands must not freeze the page
const NEWEST = 40; // messages drawn per chat
const chats = { telegram: new Map(), slack: new Map() };
const totals = { telegram: 0, slack: 0 };
const dirty = new Set();
let world = { telegram: { users: [], chats: [] }, slack: { users: {}, channels: {} } };
let waiting = false;

const byId = (id) => document.getElementById(id);

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || answer.statusText);
  return value;
}

function toast(text) {
  if (!text) return;
  const box = el("div", { class: "toast" }, text);
  byId("toasts").append(box);
  setTimeout(() => box.remove(), 4000);
}

const attempt = (work) => work().catch((problem) => toast(problem.message));

function chatOf(platform, id, title) {
  if (!chats[platform].has(id)) {
    chats[platform].set(id, { platform, id, title, kind: "", threads: {}, messages: new Map(), at: 0, card: null });
  }
  return chats[platform].get(id);
}

function take(message) {
  const chat = chatOf(message.platform, message.chat, message.chat_title);
  if (!chat.messages.has(message.message_id)) totals[message.platform] += 1;
  chat.messages.set(message.message_id, message);
  chat.at = Math.max(chat.at, message.at, message.edited_at || 0);
  dirty.add(chat);
  later();
}

function later() {
  if (waiting) return;
  waiting = true;
  // A timer, not an animation frame: a page in the background must be up to date when it is looked at.
  setTimeout(() => { waiting = false; redraw(); }, 30);
}

function personFor(chat) {
  const chosen = byId(`${chat.platform}-form`).elements.user.value;
  if (chat.platform === "telegram") return chat.kind === "private" ? Number(chat.id) : Number(chosen);
  const direct = /^D/.test(chat.id) ? `U${chat.id.slice(1)}` : null;
  return direct && world.slack.users[direct] ? direct : chosen;
}

function drawMessage(chat, message) {
  const user = () => personFor(chat);
  if (chat.platform === "telegram") {
    const press = (button) => attempt(() => ask("/sandbox/telegram/press", { user: user(), chat: Number(chat.id), message_id: Number(message.message_id), button }));
    return drawTelegram(message, { press, find: (id) => chat.messages.get(id), threads: chat.threads });
  }
  const press = (what) => attempt(() => ask("/sandbox/slack/press", { user: user(), channel: chat.id, message_ts: message.message_id, ...what }));
  return drawSlack(message, { press, users: world.slack.users });
}

function fill(chat) {
  if (!chat.card) {
    chat.list = el("div", { class: "list" });
    chat.card = el("section", { class: "chat" }, el("h3", {}, chat.title, el("small", {}, chat.kind ? word(chat.kind) : "")), chat.list);
    dirty.add(chat);
  }
  if (!dirty.has(chat)) return chat.card;
  const newest = [...chat.messages.values()].slice(-NEWEST);
  chat.list.replaceChildren(...(newest.length ? newest.map((message) => drawMessage(chat, message)) : [el("p", { class: "empty" }, word("empty"))]));
  dirty.delete(chat);
  setTimeout(() => { chat.list.scrollTop = chat.list.scrollHeight; }, 0);
  return chat.card;
}

function redraw() {
  for (const platform of ["telegram", "slack"]) {
    const known = [...chats[platform].values()];
    // Silent chats are only named: empty cards would push what was said off the screen.
    const all = known.filter((chat) => chat.messages.size);
    const silent = known.filter((chat) => !chat.messages.size).slice(0, CARDS).map((chat) => chat.title);
    // The liveliest chats are chosen, but each keeps its place: cards that jump about cannot be read.
    const chosen = new Set([...all].sort((a, b) => b.at - a.at).slice(0, CARDS));
    const shown = all.filter((chat) => chosen.has(chat)).sort((a, b) => (b.at > 0) - (a.at > 0));
    const cards = shown.map(fill);
    const box = byId(`${platform}-chats`);
    if (cards.length !== box.children.length || cards.some((card, i) => box.children[i] !== card)) box.replaceChildren(...cards);
    byId(`${platform}-count`).textContent = word(totals[platform] === 1 ? "one" : "count", { n: totals[platform] });
    const hidden = all.length - shown.length;
    const lines = [hidden > 0 ? word("more", { n: hidden }) : "", silent.length ? word("quiet", { names: silent.join(", ") }) : ""];
    byId(`${platform}-more`).textContent = lines.filter(Boolean).join(" · ");
    byId(`${platform}-more`).hidden = !lines.some(Boolean);
  }
}

function fillSelect(select, pairs) {
  const before = select.value;
  select.replaceChildren(...pairs.map(([value, name]) => el("option", { value }, name)));
  if (pairs.some(([value]) => String(value) === before)) select.value = before;
}

function telegramForm() {
  const { user, chat, thread } = byId("telegram-form").elements;
  const person = user.value;
  const open = world.telegram.chats.filter((one) => (one.type === "private" ? String(one.id) === person : true));
  fillSelect(chat, open.map((one) => [one.id, one.type === "private" ? word("private") : one.title]));
  const chosen = world.telegram.chats.find((one) => String(one.id) === chat.value);
  const threads = Object.entries((chosen && chosen.threads) || {});
  thread.closest("label").hidden = !threads.length;
  fillSelect(thread, [["", "General"], ...threads]);
}

function slackForm() {
  const { user, chat } = byId("slack-form").elements;
  const open = Object.entries(world.slack.channels).filter(([id]) => !id.startsWith("D") || id.slice(1) === user.value.slice(1));
  fillSelect(chat, open);
}

async function load() {
  world = await ask("/sandbox/world");
  for (const chat of world.telegram.chats) Object.assign(chatOf("telegram", String(chat.id), chat.title), { kind: chat.type, threads: chat.threads });
  for (const [id, title] of Object.entries(world.slack.channels)) chatOf("slack", id, title);
  const people = Object.entries(world.slack.users).filter(([id]) => id !== world.slack.bot_user);
  fillSelect(byId("telegram-form").elements.user, world.telegram.users.map((user) => [user.id, user.name]));
  fillSelect(byId("slack-form").elements.user, people);
  telegramForm();
  slackForm();
  for (const message of await ask("/sandbox/messages")) take(message);
  later();
}

function say(event) {
  event.preventDefault();
  const { user, chat, thread, text } = event.target.elements;
  if (!text.value.trim()) return;
  attempt(async () => {
    if (event.target.id === "telegram-form") {
      const body = { user: Number(user.value), chat: Number(chat.value), text: text.value };
      if (thread.value) body.thread = Number(thread.value);
      const done = await ask("/sandbox/telegram/say", body);
      if (done.update_id === null) toast(word("unseen"));
    } else {
      await ask("/sandbox/slack/command", { user: user.value, channel: chat.value, text: text.value });
    }
    text.value = "";
  });
}

function follow() {
  const line = byId("line");
  const source = new EventSource("/sandbox/events");
  source.onopen = () => { line.textContent = word("live"); line.dataset.state = "live"; attempt(load); };
  source.onerror = () => { line.textContent = word("lost"); line.dataset.state = "lost"; };
  source.onmessage = (event) => {
    const change = JSON.parse(event.data);
    if (change.kind === "gap") attempt(load);
    else if (change.message) take(change.message);
    else if (change.kind === "answer") toast(change.text);
  };
}

document.documentElement.lang = locale;
byId("about").textContent = word("about");
for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
for (const node of document.querySelectorAll("[data-hint]")) { node.placeholder = word(node.dataset.hint); node.setAttribute("aria-label", word(node.dataset.hint)); }
byId("telegram-form").addEventListener("change", telegramForm);
byId("slack-form").addEventListener("change", slackForm);
for (const id of ["telegram-form", "slack-form"]) byId(id).addEventListener("submit", say);
follow();
