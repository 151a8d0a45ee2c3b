// Slack messages drawn from their blocks, close to how the apps show them.
import { clock, el, link, marks, word } from "./words.js";

const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const MARKS = [["*", "b"], ["_", "i"], ["~", "s"], ["`", "code"]];

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

function slackDate(seconds, format) {
  return format.replace(/\{(\w+)\}/g, (_, name) => {
    if (name.startsWith("time")) return clock(seconds, name === "time_secs" ? "tT" : "t");
    if (name === "ago") return clock(seconds, "r");
    return clock(seconds, name.includes("num") || name.includes("short") ? "d" : "D");
  });
}

/** mrkdwn as nodes: references in angle brackets first, then bold, italic, strike and code between word borders. */
export function mrkdwn(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(/<([^<>\n]+)>/g)) {
    nodes.push(...styled(text.slice(at, found.index)), angle(found[1]));
    at = found.index + found[0].length;
  }
  return [...nodes, ...styled(text.slice(at))];
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

const textObject = (value) => (value.type === "mrkdwn" ? mrkdwn(value.text) : [value.text]);

function element(item) {
  let made;
  switch (item.type) {
    case "text": made = document.createTextNode(item.text); break;
    case "link": made = link(item.url, item.text || item.url); break;
    case "user": made = el("span", { class: "ping" }, `@${item.user_id}`); break;
    case "channel": made = el("span", { class: "ping" }, `#${item.channel_id}`); break;
    case "broadcast": made = el("span", { class: "ping" }, `@${item.range}`); break;
    case "emoji": made = document.createTextNode(`:${item.name}:`); break;
    case "date": made = el("time", { title: item.fallback }, slackDate(item.timestamp, item.format)); break;
    default: made = document.createTextNode("");
  }
  const style = item.style || {};
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["italic", "i"], ["bold", "b"]]) {
    if (style[name]) made = el(tag, {}, made);
  }
  return made;
}

function richPart(part) {
  const inside = () => part.elements.map(element);
  switch (part.type) {
    case "rich_text_quote": return el("blockquote", {}, inside());
    case "rich_text_preformatted": return el("pre", {}, inside());
    case "rich_text_list":
      return el(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => el("li", {}, item.elements.map(element))));
    default: return el("p", {}, inside());
  }
}

function action(item, press) {
  if (item.type === "button") {
    if (item.url) return link(item.url, item.text.text, " ↗");
    return el("button", { type: "button", class: item.style, onclick: () => press({ action_id: item.action_id, button: item.text.text }) }, item.text.text);
  }
  const options = item.options || (item.option_groups || []).flatMap((group) => group.options);
  if (!options || !options.length) return el("span", { class: "quiet" }, `[${item.type}]`);
  const choose = (event) => event.target.value && press({ action_id: item.action_id, value: event.target.value });
  return el("select", { onchange: choose },
    el("option", { value: "" }, item.placeholder ? item.placeholder.text : "…"),
    options.map((option) => el("option", { value: option.value }, option.text.text)));
}

const picture = (item) => el("div", { class: "picture", title: item.image_url }, `${word("picture")}: ${item.alt_text || ""}`);

function block(item, press) {
  switch (item.type) {
    case "header": return el("h4", {}, item.text.text);
    case "section":
      return el("div", {}, item.text ? el("p", {}, textObject(item.text)) : null,
        (item.fields || []).map((field) => el("p", {}, textObject(field))),
        item.accessory ? el("div", { class: "row" }, item.accessory.type === "image" ? picture(item.accessory) : action(item.accessory, press)) : null);
    case "rich_text": return el("div", {}, item.elements.map(richPart));
    case "context":
      return el("p", { class: "quiet" }, item.elements.map((part) => (part.type === "image" ? picture(part) : el("span", {}, textObject(part)))));
    case "actions": return el("div", { class: "row" }, item.elements.map((part) => action(part, press)));
    case "divider": return el("hr");
    case "image": return picture(item);
    default: return el("p", { class: "quiet" }, `[${item.type}]`);
  }
}

export function draw(message, { press, users }) {
  const payload = message.payload || {};
  const blocks = [...(payload.blocks || []), ...(payload.attachments || []).flatMap((one) => one.blocks || [])];
  const inside = blocks.length ? blocks.map((item) => block(item, press)) : [el("p", {}, mrkdwn(payload.text || message.text))];
  const thread = message.thread && message.thread !== message.message_id;
  const classes = ["message", message.deleted ? "deleted" : "", thread ? "reply-of" : ""].filter(Boolean).join(" ");
  const to = message.view && message.view.to;
  return el("article", { class: classes },
    el("span", { class: "who" }, message.sender === "bot" ? "newsbot " : `${message.sender} `, el("small", {}, marks(message))),
    message.ephemeral ? el("div", { class: "quiet" }, `${word("only")} ${users[to] || to || word("anyone")}`) : null,
    thread ? el("div", { class: "quiet" }, word("thread")) : null,
    el("div", { class: "blocks" }, inside));
}
