// Telegram messages drawn from their parsed entities, close to how the apps show them.
import { askToOpen, avatar, clock, day, el, icon, link, readable, stamp, tint, toast, web } from "./kit.js";
import { fromBot } from "./store.js";
import { word } from "./words.js";

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote" };

/** A link whose address cannot be seen: the apps ask before they open it. */
function hidden(url, inside) {
  return el("a", {
    href: web(url) || "#", title: readable(url), rel: "noopener noreferrer",
    onclick: (event) => { event.preventDefault(); askToOpen(url); },
  }, inside);
}

function spoiler(inside) {
  const made = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": word("spoiler") }, el("span", {}, inside));
  const reveal = () => { made.classList.add("seen"); made.removeAttribute("role"); made.removeAttribute("tabindex"); made.removeAttribute("aria-label"); };
  made.addEventListener("click", reveal);
  made.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); reveal(); } });
  return made;
}

function folded(inside) {
  const made = el("blockquote", { class: "folded" }, inside);
  const toggle = el("button", { class: "fold", type: "button", "aria-expanded": "false" }, word("expand"));
  toggle.addEventListener("click", () => {
    const open = made.classList.toggle("open");
    toggle.textContent = word(open ? "fold" : "expand");
    toggle.setAttribute("aria-expanded", String(open));
  });
  return el("span", { class: "foldable" }, made, toggle);
}

function wrap(entity, text, inside) {
  const tag = TAGS[entity.type];
  if (tag) return el(tag, {}, inside);
  switch (entity.type) {
    case "expandable_blockquote": return folded(inside);
    case "text_link": return hidden(entity.url, inside);
    case "url": return link(text, inside);
    case "spoiler": return spoiler(inside);
    case "date_time":
      // Apps show the moment in the viewer's zone; the sender's own words are only the fallback.
      return el("time", { class: "tap", title: text, datetime: new Date(entity.unix_time * 1000).toISOString() },
        entity.date_time_format ? clock(entity.unix_time, entity.date_time_format) : inside);
    default: return el("span", { class: "tap" }, inside);
  }
}

/** Text and nested entities as nodes; offsets are UTF-16 units, which are JavaScript's own. */
export function rich(text, entities, start = 0, end = text.length) {
  const nodes = [];
  let at = start;
  for (let i = 0; i < entities.length; i += 1) {
    const entity = entities[i];
    const from = entity.offset;
    const to = entity.offset + entity.length;
    if (from < at || to > end) continue;
    if (from > at) nodes.push(text.slice(at, from));
    const inner = entities.slice(i + 1).filter((other) => other.offset >= from && other.offset + other.length <= to);
    nodes.push(wrap(entity, text.slice(from, to), rich(text, inner, from, to)));
    at = to;
    // A quote is a box of its own: the line break behind it is already there.
    if (entity.type.endsWith("blockquote") && text[at] === "\n") at += 1;
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

/** The page's likely title: the message's own first line without its tag, since nothing is fetched. */
function title(message) {
  return message.text.split("\n", 1)[0].replace(/^\P{L}*[[［【〔][^\]］】〕]*[\]］】〕]\s*|^[A-Z][A-Z ,0-9]+:\s*/u, "").trim();
}

function card(message, preview) {
  const address = web(preview.url);
  const parsed = address ? new URL(address) : null;
  const size = preview.prefer_small_media ? "small" : preview.prefer_large_media ? "large" : "";
  const picture = size ? el("span", { class: `picture ${size}`, role: "img", "aria-label": word("picture") }, icon("image")) : null;
  return el("a", { class: `card ${size}`, href: address || "#", title: word("notFetched"), target: "_blank", rel: "noopener noreferrer" },
    size === "small" ? picture : null,
    el("b", { class: "site" }, parsed ? parsed.hostname : preview.url),
    el("b", { class: "title" }, title(message)),
    el("span", { class: "path" }, parsed ? readable(parsed.pathname) : ""),
    size === "large" ? picture : null);
}

function key(button, waits, press) {
  const style = ["key", button.style || "", waits(button.text) ? "waiting" : ""].join(" ").trim();
  if (button.url) return el("button", { type: "button", class: style, title: readable(button.url), "data-url": button.url, onclick: () => askToOpen(button.url) }, button.text, icon("out"));
  if (button.copy_text) {
    const copy = () => navigator.clipboard.writeText(button.copy_text.text).then(() => toast(word("copied")), () => toast(button.copy_text.text));
    return el("button", { type: "button", class: style, onclick: copy }, button.text);
  }
  return el("button", { type: "button", class: style, title: button.callback_data, "aria-busy": waits(button.text) ? "true" : null, onclick: () => press(button.text) }, button.text);
}

/** The answered message as it stands now, in short; a tap scrolls to it. */
function quoted(target, number, bot, scrollTo) {
  const gone = !target || target.deleted;
  return el("button", { class: "quoted", type: "button", onclick: () => scrollTo(String(number)) },
    el("b", {}, target ? (fromBot(target) ? bot : target.sender) : `#${number}`),
    el("span", {}, gone ? word("deleted") : target.text.replace(/\s+/g, " ")));
}

/** Earlier texts of a message with the moment each ended; a change of buttons alone is none, as in the apps. */
function earlier(message) {
  const next = (index) => message.edits[index + 1] || { at: message.edited_at, text: message.text };
  return message.edits.map((edit, index) => ({ text: edit.text, until: next(index).at, changed: edit.text !== next(index).text })).filter((one) => one.changed);
}

/** Earlier texts of an edited message, newest first. */
function history(message) {
  return el("div", { class: "history" }, earlier(message).map((one) => el("div", {},
    el("small", {}, word("was", { time: clock(one.until, "tT") })), el("p", {}, one.text))).reverse());
}

function meta(message, body) {
  const line = el("span", { class: "meta" });
  if (message.silent) line.append(el("span", { class: "bell", title: word("silent"), role: "img", "aria-label": word("silent") }, icon("silent")));
  if (earlier(message).length) {
    const show = el("button", { class: "was", type: "button", "aria-expanded": "false" }, word("edited"));
    let open = null;
    show.addEventListener("click", () => {
      if (open) { open.remove(); open = null; } else { open = history(message); body.append(open); }
      show.setAttribute("aria-expanded", String(Boolean(open)));
    });
    line.append(show);
  }
  line.append(stamp(message.at));
  return line;
}

function gone(message) {
  return el("details", { class: "gone" }, el("summary", {}, icon("remove"), word("deleted"), stamp(message.at)), el("p", {}, message.text));
}

/** One bubble with what belongs to it; `head` is false when the one above is of the same sender. */
export function draw(message, { bot, mine, head, faces, place, target, press, waits, scrollTo }) {
  const view = message.view || {};
  const own = fromBot(message);
  const side = mine ? "out" : "in";
  const face = faces && !mine ? (head ? avatar(own ? bot : message.sender, message.sender, "small") : el("span", { class: "avatar small none" })) : null;
  if (message.deleted) return el("article", { class: `bubble ${side}`, "data-id": message.message_id }, face, el("div", { class: "stack" }, gone(message)));
  const body = el("div", { class: "body" });
  if (head && faces && !mine) body.append(el("span", { class: `who ink-${tint(message.sender)}` }, own ? bot : message.sender, own ? el("small", {}, word("bot")) : null));
  if (place) body.append(el("span", { class: "place" }, `# ${place}`));
  if (view.reply_to) body.append(quoted(target, view.reply_to, bot, scrollTo));
  const preview = view.preview ? card(message, view.preview) : null;
  if (preview && view.preview.show_above_text) body.append(preview);
  body.append(el("div", { class: "text" }, ...rich(message.text, view.entities || [])));
  if (preview && !view.preview.show_above_text) body.append(preview);
  if (view.warnings) body.append(el("p", { class: "warnings" }, word("dropped", { what: view.warnings.join("; ") })));
  body.append(meta(message, body));
  const keys = view.buttons ? el("div", { class: "keys" }, view.buttons.map((row) => el("div", {}, row.map((button) => key(button, waits, press))))) : null;
  return el("article", { class: `bubble ${side}${head ? " head" : ""}`, "data-id": message.message_id }, face, el("div", { class: "stack" }, body, keys));
}

/** What else decides how a message is drawn, so that it is drawn again when it changes. */
export function mark(message, target, more) {
  return [message.edited_at, message.deleted, target ? `${target.edited_at}${target.deleted}` : "", day(message.at), more].join("|");
}
