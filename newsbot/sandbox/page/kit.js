// Small helpers to build the document: elements, icons, avatars, links, times, and calls to the control API.
import { locale, word } from "./words.js";

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

const SHAPES = {
  back: "M15.500 4l-8 8 8 8", send: "M3 11.6L21 4l-6.600 16.400-3.400-6.600z", silent: "M4 4l16 16M9 5.6A6 6 0 0 1 18 10c0 3 .6 4.6 1.3 5.7M6.4 8.6C6 13 5 15 4 17h13M10 20h4",
  megaphone: "M4 10v4h3l8 4V6l-8 4zM18 9a4 4 0 0 1 0 6", people: "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11zM3 19c.4-3.4 2.6-5 6-5s5.600 1.600 6 5M16 5a3 3 0 0 1 0 6M17.500 14.200c2.100.6 3.300 2.200 3.500 4.800",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z", lock: "M7 11V8a5 5 0 0 1 10 0v3M5.500 11h13v9h-13z", hash: "M9 4L7 20M17 4l-2 16M4 9h16M4 15h16",
  image: "M4 5h16v14H4zM8.500 10.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3zM5 18l5-5 3 3 3-3 4 4", out: "M9 7h8v8M17 7L7 17", down: "M6 10l6 6 6-6",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600L7 7M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400", moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  auto: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  thread: "M4 5h16v11H10l-4 4v-4H4z", eye: "M3 12s3-6 9-6 9 6 9 6-3 6-9 6-9-6-9-6zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z", remove: "M6 6l12 12M18 6L6 18", list: "M5 6h14M5 12h14M5 18h14",
};

/** A line drawing; decoration only, the words beside it carry the meaning. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: `icon ${name}`, "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

const TINTS = 7;

/** A number from 0 to 6 that stays the same for one name. */
export function tint(key) {
  let sum = 7;
  for (const sign of String(key)) sum = (sum * 31 + sign.codePointAt(0)) % 9973;
  return sum % TINTS;
}

/** A round or square picture with initials: two Latin letters, or one sign of anything else. */
export function avatar(name, key = name, extra = "") {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, " ").trim().split(/\s+/).filter(Boolean);
  const first = [...(words[0] || "?")];
  const latin = /^\p{Script=Latin}/u.test(first[0]);
  const text = latin ? first[0] + (words[1] ? [...words[1]][0] : first[1] || "") : first[0];
  return el("span", { class: `avatar tint-${tint(key)} ${extra}`, "aria-hidden": "true" }, latin ? text[0].toUpperCase() + text.slice(1) : text);
}

/** An address as browsers show it: Hangul instead of its percent-encoding, where that is possible. */
export function readable(url) {
  try { return decodeURI(url); } catch { return url; }
}

/** The address to open, or null for anything that is not the web. */
export function web(url) {
  try {
    const parsed = new URL(/^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `http://${url}`);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : null;
  } catch { return null; }
}

/** A link that only opens web addresses; anything else stays text. */
export function link(url, ...children) {
  const safe = web(url);
  if (safe === null) return el("span", { class: "tap", title: url }, ...children);
  return el("a", { href: safe, title: readable(url), target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** Asks before a link whose address the reader cannot see is opened, as Telegram does. */
export function askToOpen(url) {
  const safe = web(url);
  document.getElementById("open-url").textContent = readable(url);
  const go = document.getElementById("open-go");
  go.hidden = safe === null;
  if (safe === null) go.removeAttribute("href"); else go.href = safe;
  go.onclick = () => document.getElementById("open-link").close();
  document.getElementById("open-link").showModal();
}

/** Unix seconds as the reader's clock shows them; the format letters are Telegram's (t, T, d, D, w, r). */
export function clock(seconds, format = "t") {
  const date = new Date(seconds * 1000);
  if (format === "r") {
    const minutes = Math.round((date - Date.now()) / 60000);
    const relative = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
    return Math.abs(minutes) < 90 ? relative.format(minutes, "minute") : relative.format(Math.round(minutes / 60), "hour");
  }
  const options = {};
  if (format.includes("w")) options.weekday = "short";
  if (format.includes("D")) Object.assign(options, { year: "numeric", month: "long", day: "numeric" });
  else if (format.includes("d")) Object.assign(options, { month: "short", day: "numeric" });
  if (/t/i.test(format)) Object.assign(options, { hour: "numeric", minute: "2-digit" });
  if (format.includes("T")) options.second = "2-digit";
  return new Intl.DateTimeFormat(locale(), options).format(date);
}

/** A time element with the whole date as its title. */
export function stamp(seconds, format = "t", attributes = {}) {
  return el("time", { datetime: new Date(seconds * 1000).toISOString(), title: clock(seconds, "wDT"), ...attributes }, clock(seconds, format));
}

/** The day a moment falls on, as both apps name it between messages. */
export function day(seconds) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const ago = Math.round((midnight(new Date()) - midnight(new Date(seconds * 1000))) / 86400000);
  if (ago === 0) return word("today");
  if (ago === 1) return word("yesterday");
  return clock(seconds, ago < 300 && ago > 0 ? "wd" : "D");
}

/** When a chat was last heard of: a time today, else a date. */
export function brief(seconds) {
  return day(seconds) === word("today") ? clock(seconds) : clock(seconds, "d");
}

/** Shows a line for a few seconds. */
export function toast(text) {
  if (!text) return;
  const box = el("div", { class: "toast" }, text);
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), 5000);
}

/** An answer that must be confirmed, as Telegram's `show_alert`. */
export function alertBox(text) {
  document.getElementById("alert-text").textContent = text;
  document.getElementById("alert").showModal();
}

/** One call to the sandbox's control API; throws with its own words when refused. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const options = body === undefined ? { method } : { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || answer.statusText);
  return value;
}

/** Runs work and shows what went wrong. */
export const attempt = (work) => work().catch((problem) => toast(problem.message));

/** Runs `work` once, a moment after the last of many calls; a timer, so that a page in the background keeps up. */
export function soon(work, pause = 40) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; work(); }, pause);
  };
}

/** Puts new children into a box without taking the keyboard's place away from whoever is inside. */
export function refill(box, ...children) {
  const stops = () => [...box.querySelectorAll("button, select, input, summary")];
  const at = stops().indexOf(document.activeElement);
  box.replaceChildren(...children);
  if (at >= 0) stops()[at]?.focus();
}

/** Fills a select and keeps what was chosen if it is still there. */
export function options(select, pairs) {
  const now = JSON.stringify(pairs);
  if (select.pairs === now) return; // a menu that someone has open must stay open
  select.pairs = now;
  const before = select.value;
  select.replaceChildren(...pairs.map(([value, name]) => el("option", { value }, name)));
  if (pairs.some(([value]) => String(value) === before)) select.value = before;
}

/** Sends what is typed on Enter; the text field itself. */
export function composer(form, say) {
  const text = form.elements.text;
  text.addEventListener("keydown", (event) => {
    // Enter also ends a Hangul syllable that is still being put together: that one is not for sending.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = text.value;
    if (said.trim()) attempt(async () => { await say(said); if (text.value === said) text.value = ""; });
  });
  return text;
}
