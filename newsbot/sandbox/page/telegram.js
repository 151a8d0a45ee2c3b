// Telegram messages drawn from their parsed entities, close to how the apps show them.
import { clock, el, link, marks, readable, word } from "./words.js";

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};

function wrap(entity, text, inside) {
  const tag = TAGS[entity.type];
  if (tag) return el(tag, {}, inside);
  switch (entity.type) {
    case "text_link": return link(entity.url, inside);
    case "url": return link(text, inside);
    case "spoiler": return el("span", { class: "spoiler", tabindex: "0" }, inside);
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
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function card(preview) {
  let host = preview.url;
  try { host = new URL(preview.url).hostname; } catch { /* shown as it is */ }
  const small = preview.prefer_small_media;
  const large = preview.prefer_large_media;
  return el("span", { class: preview.show_above_text ? "card above" : "card" },
    small ? el("span", { class: "picture small" }, word("picture")) : null,
    el("b", {}, host), link(preview.url, readable(preview.url)),
    large ? el("span", { class: "picture" }, word("picture")) : null);
}

function keys(rows, press) {
  const draw = (button) => {
    if (button.url) {
      const made = link(button.url, button.text, " ↗");
      return made;
    }
    return el("button", { type: "button", title: button.callback_data, onclick: () => press(button.text) }, button.text);
  };
  return el("div", { class: "keys" }, rows.map((row) => el("div", {}, row.map(draw))));
}

export function draw(message, { press, find, threads }) {
  const view = message.view || {};
  const own = message.sender === "bot";
  const body = el("div", { class: "body" });
  if (!own) body.append(el("span", { class: "who" }, message.sender));
  if (message.thread && threads[message.thread]) body.append(el("span", { class: "who" }, `# ${threads[message.thread]}`));
  if (view.reply_to) {
    const target = find(String(view.reply_to));
    body.append(el("span", { class: "reply" }, target ? target.text : `#${view.reply_to}`));
  }
  if (view.preview && view.preview.show_above_text) body.append(card(view.preview));
  body.append(...rich(message.text, view.entities || []));
  if (view.preview && !view.preview.show_above_text) body.append(card(view.preview));
  if (view.warnings) body.append(el("div", { class: "warnings" }, view.warnings.join("; ")));
  body.append(el("div", { class: "meta" }, marks(message)));
  const classes = ["bubble", own ? "" : "person", message.deleted ? "deleted" : ""].filter(Boolean).join(" ");
  return el("article", { class: classes }, body, view.buttons && !message.deleted ? keys(view.buttons, press) : null);
}
