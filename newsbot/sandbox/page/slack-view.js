// A Slack App Home or modal as its reader sees it: blocks with things to choose and to fill in, and what stands in them now.
import { el, icon } from "./kit.js";
import { action, block } from "./slack-blocks.js";
import { word } from "./words.js";

const HOLDS = ["plain_text_input", "static_select", "radio_buttons", "multi_static_select", "checkboxes", "timepicker"];
let names = 0;

/** `use` is what a reader can do: `press(what)`, `pick(what)`, `typed` (texts not told yet, by key), `name(id)`. */
function control(item, at, view, use) {
  const which = { block_id: at.block_id, action_id: item.action_id };
  if (!HOLDS.includes(item.type)) return action(item, (what) => use.press({ ...which, ...what }));
  const held = view.values[at.block_id]?.[item.action_id] || {};
  const key = `${at.block_id} ${item.action_id}`;
  const label = at.label ? at.label.text : item.placeholder ? item.placeholder.text : "";
  switch (item.type) {
    case "checkboxes": case "multi_static_select": return choices(item, key, "checkbox", (held.selected_options || []).map((one) => one.value), (option) => use.press({ ...which, value: option.value }), label);
    case "radio_buttons": return choices(item, key, "radio", held.selected_option ? [held.selected_option.value] : [], (option) => use.press({ ...which, value: option.value }), label);
    case "static_select": return menu(item, key, held, label, (value) => use.pick({ ...which, value }));
    case "timepicker": return el("span", { class: "time" }, el("input", { type: "time", "data-key": key, "aria-label": label || word("time"), value: held.selected_time || "", onchange: (event) => use.pick({ ...which, value: event.target.value || null }) }), item.timezone ? el("small", {}, item.timezone) : null);
    default: return text(item, key, held, label, use, which);
  }
}

function choices(item, key, type, chosen, press, label) {
  names += 1;
  return el("fieldset", { class: `choices ${item.type}` }, label ? el("legend", { class: "unseen" }, label) : null, item.options.map((option) => el("label", {},
    el("input", { type, name: `choice-${names}`, value: option.value, "data-key": `${key} ${option.value}`, checked: chosen.includes(option.value), onchange: () => press(option) }),
    el("span", {}, option.text.text, option.description ? el("small", {}, option.description.text) : null))));
}

function menu(item, key, held, label, pick) {
  const none = item.placeholder ? item.placeholder.text : word("pick");
  const now = held.selected_option ? held.selected_option.value : "";
  const made = el("select", { class: "button", "data-key": key, "aria-label": label || none, onchange: (event) => pick(event.target.value || null) },
    el("option", { value: "" }, none), item.options.map((option) => el("option", { value: option.value }, option.text.text)));
  made.value = now;
  return made;
}

function text(item, key, held, label, use, which) {
  const made = el(item.multiline ? "textarea" : "input", {
    "data-key": key, "aria-label": label, placeholder: item.placeholder ? item.placeholder.text : "", maxlength: item.max_length || 3000, autocomplete: "off",
    oninput: (event) => use.typed.set(key, { ...which, value: event.target.value }),
    onchange: () => use.tell(key),
  });
  made.value = use.typed.has(key) ? use.typed.get(key).value : held.value || "";
  return made;
}

function input(item, view, use) {
  const error = view.errors[item.block_id];
  return el("div", { class: `input${error ? " wrong" : ""}` },
    el("p", { class: "label" }, item.label.text, item.optional ? el("small", {}, word("optional")) : null),
    control(item.element, item, view, use),
    error ? el("p", { class: "error", role: "alert" }, error) : null,
    item.hint ? el("p", { class: "hint" }, item.hint.text) : null);
}

/** The blocks of a view. */
export function body(view, use) {
  return el("div", { class: "blocks view" }, view.blocks.map((item) => (item.type === "input" ? input(item, view, use) : block(item, (part) => control(part, item, view, use), use.name))));
}

/** A modal with its head and foot; submitting the form is its submit button. */
export function modal(view, use) {
  const foot = el("footer", {}, el("button", { type: "button", class: "button", onclick: use.close }, view.close || word("cancel")),
    view.submit ? el("button", { class: "button primary" }, view.submit) : null);
  return [el("header", {}, el("h3", { id: "sl-modal-title" }, view.title), el("button", { type: "button", class: "shut", "aria-label": word("close"), onclick: use.close }, icon("remove"))), body(view, use), foot];
}
