// Slack messages drawn from their blocks, close to how the apps show them.
import { clock, el, icon, link, web } from "./kit.js";
import { word } from "./words.js";

const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const MARKS = [["*", "b"], ["_", "i"], ["~", "s"], ["`", "code"]];

function slackDate(seconds, format) {
  return format.replace(/\{(\w+)\}/g, (_, name) => {
    if (name.startsWith("time")) return clock(seconds, name === "time_secs" ? "tT" : "t");
    if (name === "ago") return clock(seconds, "r");
    return clock(seconds, name.includes("num") || name.includes("short") ? "d" : "D");
  });
}

function angle(inner) {
  const [target, label] = inner.split("|");
  const shown = plain(label ?? target);
  if (target.startsWith("!date^")) {
    const [, seconds, format] = target.split("^");
    return el("time", { title: shown }, slackDate(Number(seconds), format));
  }
  if (/^[!@#]/.test(target)) return el("span", { class: "ping" }, label ? shown : target.replace(/^!/, "@"));
  return link(plain(target), shown);
}

function styled(text) {
  for (const [mark, tag] of MARKS) {
    const sign = mark === "*" ? "\\*" : mark;
    const found = new RegExp(`(^|[\\s(\\[{·"'])${sign}(\\S(?:[^${sign}\\n]*\\S)?)${sign}(?=$|[\\s)\\]}·.,:;!?"'])`).exec(text);
    if (found) {
      const start = found.index + found[1].length;
      const inner = tag === "code" ? [plain(found[2])] : styled(found[2]);
      return [...styled(text.slice(0, start)), el(tag, {}, inner), ...styled(text.slice(found.index + found[0].length))];
    }
  }
  return text ? [plain(text)] : [];
}

/** mrkdwn as nodes: references in angle brackets first, then bold, italic, strike and code between word borders. */
function mrkdwn(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(/<([^<>\n]+)>/g)) {
    nodes.push(...styled(text.slice(at, found.index)), angle(found[1]));
    at = found.index + found[0].length;
  }
  return [...nodes, ...styled(text.slice(at))];
}

const textObject = (value) => (value.type === "mrkdwn" ? mrkdwn(value.text) : [value.text]);

function element(item, names) {
  let made;
  switch (item.type) {
    case "text": made = document.createTextNode(item.text); break;
    case "link": made = link(item.url, item.text || item.url); break;
    case "user": made = el("span", { class: "ping" }, `@${names(item.user_id)}`); break;
    case "channel": made = el("span", { class: "ping" }, names(item.channel_id)); break;
    case "broadcast": made = el("span", { class: "ping" }, `@${item.range}`); break;
    case "emoji": made = document.createTextNode(item.unicode ? String.fromCodePoint(...item.unicode.split("-").map((code) => parseInt(code, 16))) : `:${item.name}:`); break;
    case "date": made = el("time", { title: item.fallback }, slackDate(item.timestamp, item.format)); break;
    default: made = document.createTextNode(item.value || "");
  }
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["italic", "i"], ["underline", "u"], ["bold", "b"]]) {
    if ((item.style || {})[name]) made = el(tag, {}, made);
  }
  return made;
}

function richPart(part, names) {
  const inside = (elements) => elements.map((item) => element(item, names));
  switch (part.type) {
    case "rich_text_quote": return el("blockquote", {}, inside(part.elements));
    case "rich_text_preformatted": return el("pre", {}, inside(part.elements));
    case "rich_text_list":
      return el(part.style === "ordered" ? "ol" : "ul", { class: part.indent ? `indent-${Math.min(part.indent, 4)}` : null, start: part.offset ? part.offset + 1 : null },
        part.elements.map((item) => el("li", {}, inside(item.elements))));
    default: return el("p", {}, inside(part.elements));
  }
}

/** A button or menu on a message; `press` gets what tells it from others. */
export function action(item, press) {
  if (item.type === "button") {
    const attributes = { class: ["button", item.style || ""].join(" ").trim(), onclick: () => press({ action_id: item.action_id, button: item.text.text }) };
    // A button with an address opens it and tells the app as well.
    if (item.url) return el("a", { ...attributes, href: web(item.url), title: item.url, target: "_blank", rel: "noopener noreferrer" }, item.text.text);
    return el("button", { type: "button", ...attributes }, item.text.text);
  }
  const offered = item.options || [];
  const choose = (event) => event.target.value && press({ action_id: item.action_id, value: event.target.value });
  const name = item.placeholder ? item.placeholder.text : "…";
  return el("select", { class: "button", "aria-label": name, onchange: choose }, el("option", { value: "" }, name), offered.map((option) => el("option", { value: option.value }, option.text.text)));
}

/** Where a picture would be; nothing is fetched, so its alt text and host stand there. */
function picture(item, kind) {
  const address = web(item.image_url);
  const host = address ? new URL(address).hostname : item.image_url;
  return el("figure", { class: `picture ${kind}`, role: "img", "aria-label": `${word("picture")}: ${item.alt_text}`, title: item.image_url },
    icon("image"), kind === "full" ? el("figcaption", {}, item.alt_text, el("small", {}, host)) : null);
}

function section(item, draw) {
  const text = el("div", {}, item.text ? el("p", {}, textObject(item.text)) : null,
    item.fields ? el("div", { class: "fields" }, item.fields.map((field) => el("p", {}, textObject(field)))) : null);
  if (!item.accessory) return text;
  return el("div", { class: "section" }, text, item.accessory.type === "image" ? picture(item.accessory, "thumb") : draw(item.accessory));
}

/** One block; `draw` makes a button or menu in it, `names` a name of an id. */
export function block(item, draw, names) {
  switch (item.type) {
    case "header": return el("h4", {}, item.text.text);
    case "section": return section(item, draw);
    case "rich_text": return el("div", { class: "rich" }, item.elements.map((part) => richPart(part, names)));
    case "context": return el("p", { class: "context" }, item.elements.map((part) => (part.type === "image" ? picture(part, "tiny") : el("span", {}, textObject(part)))));
    case "actions": return el("div", { class: "actions" }, item.elements.map(draw));
    case "divider": return el("hr");
    case "image": return el("div", {}, item.title ? el("p", { class: "caption" }, item.title.text) : null, picture(item, "full"));
    default: return el("p", { class: "context" }, `[${item.type}]`);
  }
}

const COLORS = { good: "good", warning: "warning", danger: "danger" };

/** The body of a message: its blocks and coloured attachments, or its text. */
export function content(message, press, names) {
  const payload = message.payload || {};
  const make = (part) => action(part, press);
  const parts = (payload.blocks || []).map((item) => block(item, make, names));
  if (!parts.length && (payload.text || message.text)) parts.push(el("p", {}, mrkdwn(payload.text || message.text)));
  for (const attachment of payload.attachments || []) {
    const bar = el("div", { class: `attachment ${COLORS[attachment.color] || ""}` }, (attachment.blocks || []).map((item) => block(item, make, names)));
    if (/^#?[0-9a-f]{6}$/i.test(attachment.color || "")) bar.style.borderLeftColor = `#${attachment.color.replace("#", "")}`;
    parts.push(bar);
  }
  return el("div", { class: "blocks" }, parts);
}
