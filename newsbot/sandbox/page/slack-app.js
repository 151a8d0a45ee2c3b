// The app's own places in the Slack pane: the Home of one person, and the modal in front of whoever is being played.
import { ask, attempt, avatar, el, icon, options, toast } from "./kit.js";
import { body, modal } from "./slack-view.js";
import { on, store } from "./store.js";
import { word } from "./words.js";

const byId = (id) => document.getElementById(id);
const form = byId("sl-modal");
const seen = { home: null, modal: null }; // what the person in view has in front of them
const drawn = { home: "", modal: "" };
const typed = new Map(); // texts of the modal or Home not told to the sandbox yet, by block and action
let viewer = () => ""; // whose eyes the pane has
let asked = 0;

const late = (done) => { if (!done.acked && done.reason && done.reason !== "incomplete") toast(word("late", { why: done.reason })); };

function use(view) {
  const call = (path, body_) => attempt(async () => { late(await ask(path, { user: view.user, ...body_ })); });
  const tell = async (key) => {
    const what = typed.get(key);
    typed.delete(key);
    if (what) await ask("/sandbox/slack/pick", { user: view.user, view: view.type, ...what, value: what.value || null });
  };
  return {
    typed,
    tell: (key) => attempt(() => tell(key)),
    flush: async () => { for (const key of [...typed.keys()]) await tell(key); },
    name: (id) => store.world.slack.users[id] || store.world.slack.channels[id] || id,
    press: (what) => call("/sandbox/slack/press", { view: view.type, ...what }),
    pick: (what) => call("/sandbox/slack/pick", { view: view.type, ...what }),
    close: () => call("/sandbox/slack/close", {}),
    submit: () => call("/sandbox/slack/submit", {}),
  };
}

const mark = (view) => (view ? JSON.stringify([view.id, view.hash, view.values, view.errors, store.language]) : `none ${store.language} ${viewer()}`);

/** Draws into `box` without taking the keyboard's place away. */
function fill(box, ...children) {
  const key = document.activeElement?.dataset?.key;
  const inside = box.contains(document.activeElement);
  const top = box.scrollTop;
  box.replaceChildren(...children);
  box.scrollTop = top;
  if (inside && key) box.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

function drawHome() {
  if (byId("sl-home").hidden || drawn.home === mark(seen.home)) return;
  drawn.home = mark(seen.home);
  const home = seen.home;
  fill(byId("sl-home"), home ? body(home, use(home)) : el("p", { class: "empty" }, word("noHome")));
}

function drawModal() {
  const view = seen.modal;
  const fresh = byId("sl-veil").hidden && view;
  byId("sl-veil").hidden = !view;
  if (drawn.modal === mark(view)) return;
  drawn.modal = mark(view);
  if (!view) { typed.clear(); form.replaceChildren(); return; }
  const top = form.querySelector(".view")?.scrollTop || 0;
  fill(form, ...modal(view, use(view)));
  form.querySelector(".view").scrollTop = top;
  if (fresh) form.querySelector("[data-key], .button")?.focus();
}

/** Fetches what the person in view sees now. */
export async function look() {
  const user = viewer();
  if (!user) return;
  asked += 1;
  const mine = asked;
  const found = await ask(`/sandbox/slack/views?user=${encodeURIComponent(user)}`);
  if (mine !== asked) return; // somebody else is in view by now
  if (seen.modal?.id !== found.modal?.id) typed.clear();
  Object.assign(seen, found);
  drawHome();
  drawModal();
}

/** The person opens the App Home, as Slack tells the app. */
export function visit() {
  drawn.home = "";
  seen.home = null;
  drawHome();
  attempt(async () => {
    const done = await ask("/sandbox/slack/home", { user: viewer() });
    if (!done.acked) toast(word("late", { why: done.reason || "" }));
  });
  attempt(look);
}

/** The head above a Home: whose it is, and the way to the messages. */
export function head(person, change, messages) {
  const select = el("select", { name: "viewer", "aria-label": word("seenBy"), onchange: (event) => change(event.target.value) });
  // Who is of another workspace has no direct message with the app, and no Home.
  const team = Object.entries(store.world.slack.users).filter(([id]) => store.world.slack.channels[`D${id.slice(1)}`]);
  options(select, team);
  select.value = person;
  return [el("h3", {}, avatar("뉴", "newsbot", "tiny square"), "newsbot"),
    el("div", { class: "choice", role: "group" }, el("button", { type: "button", "aria-pressed": "true" }, word("homeTab")), el("button", { type: "button", "aria-pressed": "false", onclick: messages }, word("messagesTab"))),
    el("label", { class: "as" }, icon("eye"), el("span", {}, word("seenBy")), select)];
}

/** Wires the modal; `person` says whose eyes the pane has. */
export function start(person) {
  viewer = person;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const view = seen.modal;
    if (view) attempt(async () => { const able = use(view); await able.flush(); await able.submit(); });
  });
  form.addEventListener("keydown", (event) => { if (event.key === "Escape" && seen.modal) use(seen.modal).close(); });
  for (const kind of ["views", "world"]) on(kind, () => attempt(look));
  on("language", () => { drawHome(); drawModal(); });
}
