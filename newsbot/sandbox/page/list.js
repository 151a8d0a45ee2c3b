// A list of messages that follows a chat: the newest in view, older ones on request, nothing jumps while one reads.
import { day, el, icon } from "./kit.js";
import { store } from "./store.js";
import { word } from "./words.js";

const WINDOW = 80; // messages drawn at once; "older" adds as many
const NEAR = 60; // pixels from the end that still count as being there

/** Keeps `box` like the messages given to `show`; `draw(message, previous)` makes one, `mark` says when to redraw it. */
export class MessageList {
  constructor(box, { draw, mark }) {
    Object.assign(this, { box, draw, mark, shown: new Map(), first: null, size: WINDOW, length: 0, stick: true });
    this.jump = el("button", { class: "jump", type: "button", hidden: true, onclick: () => this.toEnd() }, icon("down"), el("span"));
    box.after(this.jump);
    box.addEventListener("scroll", () => {
      if (!box.clientHeight) return; // a pane out of view has no place
      this.stick = this.atEnd();
      if (this.stick) this.arrived();
    }, { passive: true });
  }

  atEnd() { return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR; }

  toEnd() { this.stick = true; this.box.scrollTop = this.box.scrollHeight; this.arrived(); }

  arrived() { this.jump.hidden = true; this.fresh = 0; }

  /** Another chat: begin at its end. */
  reset() {
    this.shown.clear();
    this.box.replaceChildren();
    Object.assign(this, { first: null, size: WINDOW, length: 0, fresh: 0, stick: true });
    this.arrived();
  }

  /** Brings the box up to date and keeps the place one reads at; true when its end is in view. */
  show(messages) {
    const end = this.stick;
    const start = this.start(messages, end);
    this.first = messages[start] ? messages[start].message_id : null;
    this.fill(this.wanted(messages, start));
    if (end) this.box.scrollTop = this.box.scrollHeight;
    else this.news(messages.length - this.length);
    this.length = messages.length;
    return end;
  }

  start(messages, end) {
    const newest = Math.max(0, messages.length - this.size);
    if (end || this.first === null) return newest;
    const kept = messages.findIndex((message) => message.message_id === this.first);
    return kept < 0 ? newest : Math.min(kept, newest);
  }

  news(count) {
    if (count <= 0) return;
    this.fresh = (this.fresh || 0) + count;
    this.jump.hidden = false;
    this.jump.lastChild.textContent = word("fresh", { n: this.fresh });
  }

  /** What must stand in the box: [key, how to make it], in order. */
  wanted(messages, start) {
    const items = [];
    if (start > 0) items.push([`older ${start} ${store.language}`, () => this.older(start)]);
    let date = "";
    for (let i = start; i < messages.length; i += 1) {
      const message = messages[i];
      const today = day(message.at);
      if (today !== date) items.push([`day ${today} ${i === start}`, () => el("p", { class: "day" }, el("span", {}, today))]);
      const previous = i > start && today === date ? messages[i - 1] : null;
      date = today;
      items.push([`${message.message_id} ${this.mark(message, previous)} ${store.language}`, () => this.draw(message, previous)]);
    }
    if (!messages.length) items.push([`empty ${store.language}`, () => el("p", { class: "empty" }, word("empty"))]);
    return items;
  }

  fill(items) {
    const wanted = new Set(items.map(([key]) => key));
    for (const [key, node] of this.shown) if (!wanted.has(key)) node.remove();
    let at = this.box.firstChild;
    const shown = new Map();
    for (const [key, make] of items) {
      const node = this.shown.get(key) || make();
      shown.set(key, node);
      if (node === at) at = at.nextSibling; else this.box.insertBefore(node, at);
    }
    this.shown = shown;
  }

  older(hidden) {
    const more = () => {
      const before = this.box.scrollHeight - this.box.scrollTop;
      this.size += WINDOW;
      this.first = null;
      this.again();
      this.box.scrollTop = this.box.scrollHeight - before;
    };
    return el("button", { class: "older", type: "button", onclick: more }, word("older", { n: hidden }));
  }
}
