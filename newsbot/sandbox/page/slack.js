// The Slack pane: channels and direct messages on the left, one of them or a thread on the right.
import { ask, attempt, avatar, clock, composer, el, icon, options, refill, soon, stamp, toast } from "./kit.js";
import { MessageList } from "./list.js";
import * as app from "./slack-app.js";
import { complete, fromBot, liveliest, on, read, store } from "./store.js";
import { content } from "./slack-blocks.js";
import { word } from "./words.js";

const CLOSE_BY = 300; // seconds within which Slack leaves out a repeated name
const pane = document.getElementById("slack");
const byId = (id) => document.getElementById(id);
const form = byId("sl-form");
let home = ""; // whose App Home is in view instead of a channel
let thread = null; // the first message's ts of the thread in view

const slack = () => store.world.slack;
const room = (chat) => chat.facts || { private: false, archived: false, user: "", members: [] };
const isReply = (message) => Boolean(message.thread) && message.thread !== message.message_id;
const names = (id) => slack().users[id] || slack().channels[id] || id;
const persona = () => form.elements.user.value;
const faulty = (chat) => store.faults.some((fault) => fault.on && fault.platform !== "telegram" && fault.chat === chat.id && (fault.times < 0 || fault.struck < fault.times));

function row(chat) {
  const known = room(chat);
  const name = chat.title.replace(/^[#@]/, "");
  return el("button", {
    type: "button", class: `sl-row${chat.unread ? " unread" : ""}`, "data-chat": chat.id, "aria-current": store.open.slack === chat ? "true" : null, onclick: () => open(chat),
  },
  known.user ? avatar(name, name, "tiny square") : icon(known.private ? "lock" : "hash"),
  el("span", { class: "name" }, name),
  known.archived ? el("small", {}, word("archived")) : null,
  faulty(chat) ? icon("bolt") : null,
  chat.unread ? el("span", { class: "badge", "aria-label": word("unread", { n: chat.unread }) }, chat.unread) : null);
}

function drawList() {
  if (!store.world) return;
  const all = [...store.chats.slack.values()];
  const part = (title, chats) => [el("h3", {}, title), ...chats.slice(0, 200).map(row)];
  const held = document.activeElement?.closest?.("#sl-list") ? document.activeElement.dataset.chat : null;
  const own = el("button", { type: "button", class: "sl-row", "data-chat": "home", "aria-current": home ? "true" : null, onclick: () => openHome(home || persona() || room(store.open.slack || {}).user || Object.keys(slack().users)[0]) },
    avatar("뉴", "newsbot", "tiny square"), el("span", { class: "name" }, "newsbot"));
  byId("sl-list").replaceChildren(el("h3", {}, word("apps")), own, ...part(word("rooms"), all.filter((chat) => !room(chat).user)), ...part(word("directs"), all.filter((chat) => room(chat).user)));
  if (held) byId("sl-list").querySelector(`[data-chat="${CSS.escape(held)}"]`)?.focus();
}

// ---- messages

const face = (message, size) => (fromBot(message) ? avatar("뉴", "newsbot", size) : avatar(message.sender, message.sender.toLowerCase(), size));

function editedMark(message) {
  if (!message.edited_at) return null;
  const earlier = message.edits.map((edit) => edit.text).join("\n———\n");
  // Slack's page of chat.update: with blocks the "edited" flag is not displayed.
  const shown = !(message.payload.blocks || []).length;
  return el("small", { class: shown ? "edited" : "edited quiet", title: shown ? earlier : `${word("quietWhy")}\n\n${earlier}` }, word(shown ? "editedSlack" : "quiet"));
}

function footer(chat, message) {
  const replies = [...(chat.threads.get(message.message_id)?.values() || [])].filter((reply) => !reply.deleted && !reply.ephemeral);
  if (thread || !replies.length) return null;
  const last = replies[replies.length - 1];
  return el("button", { class: "replies", type: "button", onclick: () => openThread(message.message_id) },
    face(last, "tiny square"),
    el("b", {}, replies.length === 1 ? word("oneReply") : word("replies", { n: replies.length })), el("span", {}, word("last", { time: clock(last.at) })));
}

function notes(chat, message) {
  const made = [];
  const to = message.view && message.view.to;
  if (message.ephemeral) made.push(el("p", { class: "only" }, icon("eye"), to === persona() ? word("onlyYou") : word("only", { name: names(to) })));
  if (isReply(message) && !thread) {
    const parent = chat.byId.get(message.thread);
    made.push(el("p", { class: "above" }, word("inThread"), " ", el("button", { class: "linkish", type: "button", onclick: () => openThread(message.thread) }, parent ? parent.text.split("\n", 1)[0] : message.thread)));
  }
  if (isReply(message) && thread && message.payload.reply_broadcast) made.push(el("p", { class: "above" }, icon("hash"), word("alsoChannel")));
  return made;
}

function draw(message, previous) {
  const chat = store.open.slack;
  const own = fromBot(message);
  const short = previous && previous.sender === message.sender && !previous.deleted && !previous.ephemeral && message.at - previous.at < CLOSE_BY && !isReply(previous) && !message.ephemeral && !isReply(message);
  if (message.deleted) {
    return el("article", { class: "message gone", "data-id": message.message_id }, el("span", { class: "gutter" }),
      el("details", {}, el("summary", {}, icon("remove"), word("deleted"), stamp(message.at)), el("p", {}, message.text)));
  }
  const press = (what) => attempt(async () => {
    const done = await ask("/sandbox/slack/press", { user: room(chat).user || persona(), channel: chat.id, message_ts: message.message_id, ...what });
    if (!done.acked) toast(word("late", { why: done.reason || "" }));
  });
  const name = own ? "newsbot" : message.sender;
  const body = content(message, press, names);
  const mark = editedMark(message);
  const last = body.lastElementChild;
  if (mark) (last.tagName === "P" ? last : body).append(mark);
  return el("article", { class: `message${short ? " short" : ""}${message.ephemeral ? " ephemeral" : ""}`, "data-id": message.message_id },
    short ? el("span", { class: "gutter" }, stamp(message.at)) : face(message, "square"),
    el("div", { class: "stack" },
      notes(chat, message),
      short ? null : el("p", { class: "who" }, el("b", {}, name), own ? el("span", { class: "app" }, word("app")) : null, stamp(message.at)),
      body, footer(chat, message)));
}

const wall = new MessageList(byId("sl-wall"), {
  draw,
  mark: (message, previous) => {
    const chat = store.open.slack;
    const replies = [...(chat.threads.get(message.message_id)?.values() || [])];
    return [message.edited_at, message.deleted, previous ? previous.message_id : "", previous ? previous.deleted : "", replies.length, replies.filter((reply) => reply.deleted).length,
      message.thread ? chat.byId.get(message.thread)?.edited_at : "", message.ephemeral ? persona() : ""].join("|");
  },
});
wall.again = () => drawWall();

function shown(chat) {
  if (thread) return chat.list.filter((message) => message.message_id === thread || message.thread === thread);
  return chat.list.filter((message) => !isReply(message) || message.payload.reply_broadcast);
}

function drawWall() {
  const chat = store.open.slack;
  if (!chat || !store.world) return;
  if (wall.show(shown(chat)) && pane.checkVisibility() && !document.hidden) read(chat);
}

function drawHead() {
  const chat = store.open.slack;
  const head = byId("sl-head");
  if (home) {
    refill(head, el("button", { class: "back", type: "button", "aria-label": word("back"), onclick: close }, icon("back")),
      ...app.head(home, openHome, () => open(store.chats.slack.get(`D${home.slice(1)}`) || [...store.chats.slack.values()][0])));
    return;
  }
  if (!chat) { head.replaceChildren(el("p", { class: "empty" }, word("choose"))); return; }
  const known = room(chat);
  const name = chat.title.replace(/^[#@]/, "");
  const back = el("button", { class: "back", type: "button", "aria-label": word("back"), onclick: () => (thread ? openThread(null) : close()) }, icon("back"));
  pane.dataset.thread = thread ? "true" : "";
  refill(head, back,
    thread ? el("h3", {}, icon("thread"), word("thread"), el("small", {}, chat.title)) : el("h3", {}, known.user ? avatar(name, name, "tiny square") : icon(known.private ? "lock" : "hash"), name),
    el("p", {}, known.archived ? word("archived") : known.user ? "" : word("joined", { n: known.members.length })));
}

function drawForm() {
  const chat = store.open.slack;
  form.hidden = !chat;
  if (!chat || !store.world) return;
  const known = room(chat);
  const people = known.members.filter((id) => id !== slack().bot_user).map((id) => [id, names(id)]);
  options(form.elements.user, people);
  form.elements.text.placeholder = thread ? word("replyHint") : word("slackHint", { chat: chat.title });
  form.elements.text.setAttribute("aria-label", form.elements.text.placeholder);
  const mute = known.archived || !people.length;
  for (const part of [form.elements.text, form.querySelector(".send")]) part.disabled = mute;
  const note = byId("sl-note");
  note.textContent = mute ? word(known.archived ? "archived" : "nobody") : slack().listening ? "" : word("deaf");
  note.hidden = !note.textContent;
}

function openThread(ts) {
  thread = ts;
  wall.reset();
  drawHead();
  drawForm();
  drawWall();
}

/** The App Home of one person, in place of the messages. */
function openHome(person) {
  keepDraft();
  Object.assign(store.open, { slack: null });
  home = person;
  thread = null;
  pane.dataset.open = "true";
  pane.dataset.thread = "";
  wall.reset();
  for (const [id, hidden] of [["sl-home", false], ["sl-wall", true]]) byId(id).hidden = hidden;
  drawHead();
  drawForm();
  drawList();
  app.visit();
}

function keepDraft() {
  if (store.open.slack) store.open.slack.draft = field.value;
}

function open(chat) {
  keepDraft();
  store.open.slack = chat;
  home = "";
  for (const [id, hidden] of [["sl-home", true], ["sl-wall", false]]) byId(id).hidden = hidden;
  pane.dataset.open = "true";
  field.value = chat.draft;
  openThread(null);
  drawList();
  attempt(() => complete(chat));
  attempt(app.look);
}

function close() {
  delete pane.dataset.open;
  byId("sl-list").querySelector("[aria-current]")?.focus();
}

const field = composer(form, async (text) => {
  const chat = store.open.slack;
  const command = /^(\/\S+)\s*([\s\S]*)$/.exec(text.trim());
  if (command) {
    const done = await ask("/sandbox/slack/command", { user: persona(), channel: chat.id, command: command[1], text: command[2] });
    if (!done.acked) throw new Error(word("late", { why: done.reason || "" }));
  } else {
    const body = { user: persona(), channel: chat.id, text };
    if (thread) body.thread_ts = thread;
    await ask("/sandbox/slack/say", body);
  }
  wall.toEnd();
});

function drawAll() { drawHead(); drawForm(); drawWall(); drawList(); }

const drawListSoon = soon(drawList, 120);

/** Wires the pane; on a wide screen the liveliest channel is open from the start. */
export function start() {
  form.querySelector(".send").append(icon("send"));
  byId("sl-command").addEventListener("click", () => { field.value = `/news ${field.value.replace(/^\/news\s*/, "")}`; field.focus(); });
  byId("sl-list").addEventListener("keydown", (event) => {
    const rows = [...byId("sl-list").querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); rows[rows.indexOf(event.target) + step]?.focus(); }
  });
  form.elements.user.addEventListener("change", () => { drawWall(); attempt(app.look); });
  app.start(() => home || (store.open.slack ? room(store.open.slack).user || persona() : ""));
  on("messages", (chats) => { if (chats.has(store.open.slack)) drawWall(); if ([...chats].some((chat) => chat.platform === "slack")) drawListSoon(); first(); });
  on("world", () => { drawHead(); drawForm(); drawListSoon(); });
  on("faults", drawListSoon);
  on("language", drawAll);
  drawHead();
  form.hidden = true;
}

function first() {
  if (store.open.slack || pane.dataset.begun || !store.world) return;
  const lively = liveliest("slack") || store.chats.slack.values().next().value;
  if (!lively) return;
  pane.dataset.begun = "true";
  open(lively);
  delete pane.dataset.open; // a phone begins with the list
}
