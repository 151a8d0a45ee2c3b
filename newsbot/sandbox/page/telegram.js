// The Telegram pane: chats on the left, one chat on the right, and a visitor writing as anyone who may.
import { alertBox, ask, attempt, avatar, brief, composer, el, icon, options, refill, soon, toast } from "./kit.js";
import { MessageList } from "./list.js";
import { chatOf, complete, fromBot, liveliest, on, read, store } from "./store.js";
import { draw, mark } from "./telegram-text.js";
import { word } from "./words.js";

const ROWS = 200; // chats named at once; a search finds the rest
const pane = document.getElementById("telegram");
const byId = (id) => document.getElementById(id);
const form = byId("tg-form");
const waiting = new Map(); // query id -> "chat message button"
let topic = "";

const waitsFor = (chat, message) => (text) => [...waiting.values()].includes(`${chat.id} ${message.message_id} ${text}`);
const personOf = (id) => store.world.telegram.users.find((user) => String(user.id) === String(id));
const facts = (chat) => chat.facts || { type: "private", threads: {}, members: {}, member_ids: {} };
const isPrivate = (chat) => facts(chat).type === "private";

function subtitle(chat) {
  const known = facts(chat);
  if (known.moved) return word("moved");
  if (isPrivate(chat)) return known.bot === "kicked" ? word("blocked") : known.started === false ? word("notStarted") : word("private");
  if (["left", "kicked"].includes(known.bot)) return word("gone");
  if (known.type === "channel") return word("channel", { name: known.username });
  return word(known.is_forum ? "forum" : known.type, { n: Object.values(known.members || {}).filter((status) => !["left", "kicked"].includes(status)).length });
}

const faulty = (chat) => store.faults.some((fault) => fault.on && fault.platform !== "slack" && fault.chat === chat.id && (fault.times < 0 || fault.struck < fault.times));

function row(chat) {
  const last = chat.list[chat.list.length - 1];
  const who = last && !isPrivate(chat) && facts(chat).type !== "channel" ? `${fromBot(last) ? store.world.telegram.bot.first_name : last.sender}: ` : "";
  const kind = { channel: "megaphone", group: "people", supergroup: "people" }[facts(chat).type];
  const text = last ? (last.deleted ? word("deleted") : last.text.replace(/\s+/g, " ").slice(0, 90)) : subtitle(chat);
  return el("li", {}, el("button", {
    type: "button", class: "tg-row", "data-chat": chat.id, "aria-current": store.open.telegram === chat ? "true" : null, onclick: () => open(chat),
  },
  avatar(chat.title, chat.id),
  el("span", { class: "name" }, kind ? icon(kind) : null, el("span", {}, chat.title), faulty(chat) ? icon("bolt") : null),
  last ? el("time", {}, brief(last.at)) : el("span"),
  el("span", { class: "last" }, who ? el("b", {}, who) : null, text),
  chat.unread ? el("span", { class: "badge", "aria-label": word("unread", { n: chat.unread }) }, chat.unread) : el("span")));
}

function drawList() {
  if (!store.world) return;
  const wanted = byId("tg-find").value.trim().toLowerCase();
  const all = [...store.chats.telegram.values()].filter((chat) => !wanted || chat.title.toLowerCase().includes(wanted) || chat.id.includes(wanted));
  all.sort((a, b) => b.at - a.at);
  const list = byId("tg-list");
  const held = document.activeElement?.closest?.("#tg-list") ? document.activeElement.dataset.chat : null;
  list.replaceChildren(...all.slice(0, ROWS).map(row));
  if (held) list.querySelector(`[data-chat="${CSS.escape(held)}"]`)?.focus();
  const more = all.length - ROWS + store.world.telegram.hidden_chats;
  byId("tg-more").hidden = more <= 0;
  byId("tg-more").textContent = word("moreChats", { n: more });
}

// ---- the open chat

const wall = new MessageList(byId("tg-wall"), {
  mark: (message, previous) => {
    const chat = store.open.telegram;
    const busy = (message.view.buttons || []).flat().filter((button) => waitsFor(chat, message)(button.text)).length;
    return mark(message, chat.byId.get(String(message.view.reply_to)), `${previous ? previous.sender : ""}${topic}${busy}${form.elements.user.value}`);
  },
  draw: (message, previous) => {
    const chat = store.open.telegram;
    return draw(message, {
      bot: store.world.telegram.bot.first_name,
      mine: !fromBot(message) && facts(chat).type !== "channel" && (isPrivate(chat) || message.sender === personOf(form.elements.user.value)?.name),
      head: !previous || previous.sender !== message.sender || previous.deleted,
      faces: !isPrivate(chat) && facts(chat).type !== "channel",
      place: topic === "" && message.thread ? facts(chat).threads[message.thread] : null,
      target: chat.byId.get(String(message.view.reply_to)),
      press: (button) => press(chat, message, button),
      waits: waitsFor(chat, message),
      scrollTo: (id) => byId("tg-wall").querySelector(`[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "center" }),
    });
  },
});
wall.again = () => drawWall();

function press(chat, message, button) {
  const user = isPrivate(chat) ? Number(chat.id) : Number(form.elements.user.value);
  attempt(async () => {
    const { query } = await ask("/sandbox/telegram/press", { user, chat: Number(chat.id), message_id: Number(message.message_id), button });
    waiting.set(query, `${chat.id} ${message.message_id} ${button}`);
    setTimeout(() => { if (waiting.delete(query)) drawWall(); }, 15000); // the apps stop waiting, too
    drawWall();
  });
}

/** A link to this bot with a start payload is followed here: the apps open the chat and start the bot at once. */
function deepLink(event) {
  const tap = event.target.closest("a[href], [data-url]");
  const url = tap && (tap.dataset.url || tap.href);
  if (!url || !URL.canParse(url)) return;
  const { hostname, pathname, searchParams } = new URL(url);
  if (!["t.me", "telegram.me"].includes(hostname) || pathname.toLowerCase() !== `/${store.world.telegram.bot.username.toLowerCase()}` || !searchParams.has("start")) return;
  event.preventDefault();
  event.stopPropagation();
  const chat = store.open.telegram;
  const user = isPrivate(chat) ? chat.id : form.elements.user.value;
  if (!user) return;
  attempt(async () => {
    await ask("/sandbox/telegram/start", { user: Number(user), link: url });
    open(chatOf("telegram", String(user), personOf(user)?.name));
  });
}

function drawWall() {
  const chat = store.open.telegram;
  if (!chat) return;
  const shown = topic === "" ? chat.list : chat.list.filter((message) => (message.thread || "0") === topic);
  if (wall.show(shown) && pane.checkVisibility() && !document.hidden) read(chat);
  drawReply();
}

function drawHead() {
  const chat = store.open.telegram;
  const head = byId("tg-head");
  if (!chat) { head.replaceChildren(el("p", { class: "empty" }, word("choose"))); return; }
  refill(head,
    el("button", { class: "back", type: "button", "aria-label": word("back"), onclick: close }, icon("back")),
    avatar(chat.title, chat.id, "middle"),
    el("div", {}, el("h3", {}, chat.title), el("p", {}, subtitle(chat))));
  const threads = Object.entries(facts(chat).threads || {});
  const tabs = [["", word("allTopics")], ["0", word("general")], ...threads];
  byId("tg-topics").hidden = !threads.length;
  refill(byId("tg-topics"), ...tabs.map(([id, name]) => el("button", {
    type: "button", "aria-pressed": String(topic === id), onclick: () => { topic = id; wall.reset(); drawHead(); drawWall(); },
  }, name, facts(chat).closed?.includes(Number(id === "0" ? 1 : id || -1)) ? el("span", { role: "img", title: word("topicClosed"), "aria-label": word("topicClosed") }, icon("lock")) : null)));
}

/** The bot's question that the next words answer: the apps prepare such a reply by themselves. */
function question(chat) {
  const shown = topic === "" ? chat.list : chat.list.filter((message) => (message.thread || "0") === topic);
  const last = shown.findLast((message) => !message.deleted);
  return last && fromBot(last) && last.view.asks !== undefined ? last : null;
}

function drawReply() {
  const asked = store.open.telegram && question(store.open.telegram);
  byId("tg-reply").hidden = !asked;
  byId("tg-reply").textContent = asked ? word("answersTo", { text: asked.text.split("\n", 1)[0] }) : "";
  field.placeholder = (asked && asked.view.asks) || word("telegramHint");
}

/** Who may write here: the person of a private chat, the members of a group, the administrators of a channel. */
function writers(chat) {
  const known = facts(chat);
  if (isPrivate(chat)) return [[chat.id, chat.title]];
  const may = known.type === "channel" ? ["creator", "administrator"] : ["creator", "administrator", "member", "restricted"];
  return Object.entries(known.member_ids || {}).filter(([id, status]) => may.includes(status) && personOf(id)).map(([id]) => [id, personOf(id).name]);
}

function drawForm() {
  const chat = store.open.telegram;
  form.hidden = !chat;
  if (!chat || !store.world) return;
  const people = writers(chat);
  options(form.elements.user, people);
  const mute = !people.length || Boolean(facts(chat).moved);
  for (const part of [form.elements.text, form.querySelector(".send")]) part.disabled = mute;
  const note = byId("tg-note");
  note.textContent = mute ? word("nobody") : store.world.telegram.listening ? "" : word("deaf");
  note.hidden = !note.textContent;
}

async function drawCommands() {
  const chat = store.open.telegram;
  const user = form.elements.user.value;
  // Who is offered which menu is Telegram's rule, and so the sandbox's to say.
  const { commands } = chat && user ? await ask(`/sandbox/telegram/menu?user=${user}&chat=${chat.id}`) : { commands: [] };
  const choose = (name) => { field.value = `/${name}`; menu(false); field.focus(); };
  const items = commands.map((one) => el("button", { type: "button", onclick: () => choose(one.command) }, el("b", {}, `/${one.command}`), " ", one.description));
  byId("tg-commands").replaceChildren(...(items.length ? items : [el("p", { class: "empty" }, word("noCommands"))]));
}

function menu(show) {
  if (show) attempt(drawCommands);
  byId("tg-commands").hidden = !show;
  byId("tg-menu").setAttribute("aria-expanded", String(show));
}

function open(chat) {
  const before = store.open.telegram;
  if (before) before.draft = field.value;
  store.open.telegram = chat;
  pane.dataset.open = "true";
  topic = "";
  field.value = chat.draft;
  menu(false);
  wall.reset();
  drawAll();
  attempt(() => complete(chat));
}

function close() {
  delete pane.dataset.open;
  byId("tg-list").querySelector("[aria-current]")?.focus();
}

const field = composer(form, async (text) => {
  const chat = store.open.telegram;
  const body = { user: Number(form.elements.user.value), chat: Number(chat.id), text };
  if (topic && topic !== "0") body.thread = Number(topic);
  const asked = question(chat);
  if (asked) body.reply_to = Number(asked.message_id);
  const done = await ask("/sandbox/telegram/say", body);
  if (done.update_id === null) toast(word("unseen"));
  wall.toEnd();
});

function drawAll() { drawHead(); drawForm(); drawWall(); drawList(); }

const drawListSoon = soon(drawList, 120);

/** Wires the pane; on a wide screen the liveliest chat is open from the start. */
export function start() {
  form.querySelector(".send").append(icon("send"));
  byId("tg-menu").addEventListener("click", () => menu(byId("tg-commands").hidden));
  byId("tg-find").addEventListener("input", drawList);
  byId("tg-list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step) { event.preventDefault(); event.target.closest("li")?.[step]?.querySelector("button")?.focus(); }
  });
  form.elements.user.addEventListener("change", drawWall);
  byId("tg-wall").addEventListener("click", deepLink, true);
  on("messages", (chats) => { if (chats.has(store.open.telegram)) drawWall(); if ([...chats].some((chat) => chat.platform === "telegram")) drawListSoon(); first(); });
  on("world", () => { drawHead(); drawForm(); drawListSoon(); });
  on("faults", drawListSoon);
  on("language", drawAll);
  on("answer", (answer) => {
    waiting.delete(answer.query);
    drawWall();
    if (answer.alert) alertBox(answer.text); else toast(answer.text);
  });
  drawHead();
  form.hidden = true;
}

function first() {
  if (store.open.telegram || pane.dataset.begun) return;
  const lively = liveliest("telegram");
  if (!lively && !store.world?.telegram.users.length) return;
  pane.dataset.begun = "true";
  const chosen = lively || chatOf("telegram", String(store.world.telegram.users[0].id));
  open(chosen);
  delete pane.dataset.open; // a phone begins with the list
}
