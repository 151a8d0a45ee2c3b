// What the page knows: chats with their messages, the calls, the faults, the world; and who wants to hear of changes.
import { ask, soon } from "./kit.js";

const NEWEST = 3000; // messages fetched at first; a chat's older ones come when it is opened
const KEPT_CALLS = 300;
export const RATE_SECONDS = 40;
// What counts against a platform's sending limit.
const SENDS = { telegram: new Set(["sendMessage", "editMessageText", "editMessageReplyMarkup"]), slack: new Set(["chat.postMessage"]) };
const WRITES = new Set([...SENDS.telegram, ...SENDS.slack, "deleteMessage", "deleteMessages", "chat.update", "chat.delete", "chat.postEphemeral", "response_url"]);
const CHANGES_WORLD = new Set(["leaveChat", "conversations.join", "conversations.open", "setMyCommands", "setWebhook", "deleteWebhook", "apps.connections.open"]);

export const store = {
  world: null, faults: [], calls: [], partial: false, language: 0,
  chats: { telegram: new Map(), slack: new Map() },
  rates: { telegram: new Map(), slack: new Map() }, // unix second -> {sent, refused}
  open: { telegram: null, slack: null }, // the chat in view
};

const listeners = new Map();

/** Calls `work` after each change of that kind: "messages", "world", "views", "faults", "calls", "answer", "line", "language". */
export function on(kind, work) {
  listeners.set(kind, [...(listeners.get(kind) || []), work]);
}

export function tell(kind, what) {
  for (const work of listeners.get(kind) || []) work(what);
}

export const isSend = (call) => WRITES.has(call.method);
export const isRefused = (call) => call.status === 0 || call.status >= 400 || Boolean(call.error);

/** The chat of that id, made when the page first hears of it. */
export function chatOf(platform, id, title) {
  const chats = store.chats[platform];
  if (!chats.has(id)) {
    chats.set(id, { platform, id, title: title || id, list: [], byId: new Map(), threads: new Map(), at: 0, unread: 0, readAt: readMark(platform, id), draft: "", whole: false });
  }
  return chats.get(id);
}

function readMark(platform, id) {
  try { return Number(sessionStorage.getItem(`read ${platform} ${id}`)) || 0; } catch { return 0; }
}

/** Everything in this chat has been seen. */
export function read(chat) {
  chat.unread = 0;
  const last = chat.list[chat.list.length - 1];
  if (!last || chat.readAt >= last.at) return;
  chat.readAt = last.at;
  try { sessionStorage.setItem(`read ${chat.platform} ${chat.id}`, String(last.at)); } catch { /* until the page is left */ }
}

export const fromBot = (message) => message.sender === "bot";

/** The chat the bot wrote into last, if any. */
export function liveliest(platform) {
  const last = (chat) => chat.list.findLast(fromBot)?.at || 0;
  return [...store.chats[platform].values()].filter(last).sort((a, b) => last(b) - last(a))[0];
}

function take(message) {
  const chat = chatOf(message.platform, message.chat, message.chat_title);
  const before = chat.byId.get(message.message_id);
  chat.byId.set(message.message_id, message);
  if (before) {
    chat.list[chat.list.indexOf(before)] = message;
  } else {
    chat.list.push(message);
    chat.at = Math.max(chat.at, message.at);
    if (fromBot(message) && message.at > chat.readAt) chat.unread += 1;
  }
  if (message.platform === "slack" && message.thread && message.thread !== message.message_id) {
    if (!chat.threads.has(message.thread)) chat.threads.set(message.thread, new Map());
    chat.threads.get(message.thread).set(message.message_id, message);
  }
  return chat;
}

let touched = new Set();
const tellMessages = soon(() => { const chats = touched; touched = new Set(); tell("messages", chats); });

function taken(message) {
  touched.add(take(message));
  tellMessages();
}

function count(call) {
  if (!SENDS[call.platform]?.has(call.method)) return;
  const seconds = store.rates[call.platform];
  const second = Math.floor(call.at);
  const now = seconds.get(second) || { sent: 0, refused: 0 };
  now[isRefused(call) ? "refused" : "sent"] += 1;
  seconds.set(second, now);
  for (const old of seconds.keys()) if (old < second - RATE_SECONDS) seconds.delete(old);
}

const tellCalls = soon(() => tell("calls"));

function called(call) {
  store.calls.push(call);
  if (store.calls.length > KEPT_CALLS) store.calls.splice(0, store.calls.length - KEPT_CALLS);
  count(call);
  tellCalls();
  if (call.fault) loadFaults();
  if (CHANGES_WORLD.has(call.method)) loadWorld();
}

const loadFaults = soon(async () => { store.faults = await ask("/sandbox/faults"); tell("faults"); }, 100);
const loadWorld = soon(async () => { setWorld(await ask("/sandbox/world")); tell("world"); }, 100);

function setWorld(world) {
  store.world = world;
  for (const facts of world.telegram.chats) Object.assign(chatOf("telegram", String(facts.id), facts.title), { title: facts.title, facts });
  for (const [id, title] of Object.entries(world.slack.channels)) Object.assign(chatOf("slack", id, title), { title, facts: world.slack.rooms[id] });
}

function forget(chat) {
  Object.assign(chat, { list: [], byId: new Map(), threads: new Map(), at: 0, unread: 0, whole: false });
}

/** Fetches everything anew: at the start, after a gap, and when a lost connection is back. */
async function load() {
  const [world, messages, requests, faults] = await Promise.all([
    ask("/sandbox/world"), ask(`/sandbox/messages?newest=${NEWEST}`), ask("/sandbox/requests"), ask("/sandbox/faults"),
  ]);
  for (const chats of Object.values(store.chats)) for (const chat of chats.values()) forget(chat);
  store.partial = world.messages > messages.length;
  setWorld(world);
  for (const message of messages) touched.add(take(message));
  for (const seconds of Object.values(store.rates)) seconds.clear();
  store.calls = requests.requests.slice(-KEPT_CALLS);
  store.calls.forEach(count);
  store.faults = faults;
  for (const kind of ["world", "faults", "calls"]) tell(kind);
  for (const platform of ["telegram", "slack"]) if (store.open[platform]) touched.add(store.open[platform]);
  tellMessages();
}

/** Fetches the older messages of a chat, where the page began in the middle of a long record. */
export async function complete(chat) {
  if (!store.partial || chat.whole) return;
  chat.whole = true;
  const all = await ask(`/sandbox/messages?platform=${chat.platform}&chat=${encodeURIComponent(chat.id)}`);
  const { readAt } = chat;
  forget(chat);
  Object.assign(chat, { whole: true, readAt });
  for (const message of all) take(message);
  tell("messages", new Set([chat]));
}

/** Follows the sandbox's changes for as long as the page is open. */
export function follow() {
  const source = new EventSource("/sandbox/events");
  source.onopen = () => { tell("line", "live"); load().catch(() => tell("line", "lost")); };
  source.onerror = () => tell("line", "lost");
  source.onmessage = (event) => {
    const change = JSON.parse(event.data);
    switch (change.kind) {
      case "message": case "edit": case "delete": taken(change.message); break;
      case "call": called(change.call); break;
      case "faults": loadFaults(); break;
      case "world": loadWorld(); break;
      case "views": tell("views"); break;
      case "gap": load().catch(() => tell("line", "lost")); break;
      case "answer": tell("answer", change); break;
      default: break; // notes for tests only
    }
  };
}
