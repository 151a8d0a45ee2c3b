// The page's own words, Korean or English after the browser's language, and small helpers to build the document.
const korean = (navigator.language || "ko").toLowerCase().startsWith("ko");

const WORDS = {
  about: ["이 컴퓨터 안에서만 도는 텔레그램·슬랙 대역입니다. 실제로 나가는 것은 없습니다.", "Stand-ins for Telegram and Slack on this machine. Nothing leaves it."],
  as: ["사람", "As"], in: ["채팅", "in"], topic: ["주제", "topic"], send: ["보내기", "Send"],
  telegramHint: ["/start, 구독 정치, 무엇이든", "/start, subscribe politics, anything"],
  slackHint: ["subscribe all", "subscribe all"],
  live: ["실시간", "live"], lost: ["연결이 끊겼습니다. 다시 잇는 중", "connection lost, trying again"],
  empty: ["아직 메시지가 없습니다", "No messages yet"],
  edited: ["고침", "edited"], deleted: ["지워짐", "deleted"], silent: ["소리 없음", "silent"],
  only: ["이 사람에게만 보임", "Only visible to"], thread: ["스레드 답글", "reply in thread"], anyone: ["나에게만", "you"],
  unseen: ["봇에게는 보이지 않는 글입니다", "The bot does not get to see this"],
  picture: ["그림", "picture"], preview: ["미리보기", "link preview"],
  more: ["그 밖의 채팅 {n}개는 접어 두었습니다", "{n} more chats not shown"],
  quiet: ["아직 조용한 채팅: {names}", "Nothing yet in: {names}"],
  count: ["메시지 {n}건", "{n} messages"], one: ["메시지 1건", "1 message"],
  private: ["1:1", "private"], group: ["그룹", "group"], supergroup: ["포럼", "forum"], channel: ["채널", "channel"],
};

export const locale = korean ? "ko" : "en";

export function word(name, values = {}) {
  const text = (WORDS[name] || [name, name])[korean ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/** An element with attributes and children; strings become text, never markup. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== "") made.append(child);
  return made;
}

/** An address as browsers show it: Hangul instead of its percent-encoding, where that is possible. */
export function readable(url) {
  try { return decodeURI(url); } catch { return url; }
}

/** A link that only opens web addresses; anything else stays text. */
export function link(url, ...children) {
  let safe = null;
  try {
    const parsed = new URL(/^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `http://${url}`);
    if (parsed.protocol === "http:" || parsed.protocol === "https:") safe = parsed.href;
  } catch { /* not an address: shown as text */ }
  if (safe === null) return el("span", { class: "tap", title: url }, ...children);
  return el("a", { href: safe, title: url, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** Unix seconds as the reader's clock shows them; the format letters are Telegram's (t, T, d, D, w, r). */
export function clock(seconds, format = "t") {
  const date = new Date(seconds * 1000);
  if (format === "r") {
    const minutes = Math.round((date - Date.now()) / 60000);
    const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
    return Math.abs(minutes) < 90 ? relative.format(minutes, "minute") : relative.format(Math.round(minutes / 60), "hour");
  }
  const options = {};
  if (format.includes("w")) options.weekday = "short";
  if (format.includes("D")) Object.assign(options, { year: "numeric", month: "long", day: "numeric" });
  else if (format.includes("d")) Object.assign(options, { month: "short", day: "numeric" });
  if (/t/i.test(format)) Object.assign(options, { hour: "numeric", minute: "2-digit" });
  if (format.includes("T")) options.second = "2-digit";
  return new Intl.DateTimeFormat(locale, options).format(date);
}

/** The small line under a message: time and marks. */
export function marks(message) {
  const parts = [];
  if (message.silent) parts.push(el("span", { class: "mark" }, word("silent")), " · ");
  if (message.edited_at) {
    const earlier = message.edits.map((edit) => edit.text).join("\n———\n");
    parts.push(el("span", { class: "mark", title: earlier }, word("edited")), " · ");
  }
  if (message.deleted) parts.push(el("span", { class: "mark gone" }, word("deleted")), " · ");
  return [...parts, el("time", { datetime: new Date(message.at * 1000).toISOString() }, clock(message.at))];
}
