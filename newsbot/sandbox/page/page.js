// The page: starts its parts and holds what belongs to none of them: language, theme, tabs and the dock.
import * as faults from "./faults.js";
import { el, icon, refill } from "./kit.js";
import * as log from "./log.js";
import * as slack from "./slack.js";
import { follow, on, store, tell } from "./store.js";
import * as telegram from "./telegram.js";
import { label, locale, speak, word } from "./words.js";

const THEMES = { auto: "themeAuto", light: "themeLight", dark: "themeDark" };
const SHAPES = { auto: "auto", light: "sun", dark: "moon" };
const TABS = { telegram: "send", slack: "hash", log: "list", trouble: "bolt" };
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
let line = "";

function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* for this visit only */ }
}

function drawTheme() {
  const theme = root.dataset.theme || "auto";
  byId("theme").replaceChildren(icon(SHAPES[theme]));
  for (const name of ["aria-label", "title"]) byId("theme").setAttribute(name, word(THEMES[theme]));
}

function nextTheme() {
  const order = Object.keys(THEMES);
  const next = order[(order.indexOf(root.dataset.theme || "auto") + 1) % order.length];
  if (next === "auto") delete root.dataset.theme; else root.dataset.theme = next;
  keep("theme", next);
  drawTheme();
}

function drawWords() {
  label(document);
  byId("language").textContent = word("language");
  for (const name of ["aria-label", "title"]) byId("language").setAttribute(name, word("languageIs"));
  drawTheme();
  drawTabs();
  dock(document.body.dataset.dock !== "closed");
  byId("line").textContent = line ? word(line) : "";
}

function drawTabs() {
  refill(byId("tabs"), ...Object.entries(TABS).map(([name, shape]) => el("button", {
    type: "button", "data-tab": name, "aria-current": document.body.dataset.tab === name ? "true" : null, onclick: () => show(name),
  }, icon(shape), el("span", {}, word(name === "log" ? "logTab" : name)))));
}

function show(name) {
  document.body.dataset.tab = name;
  drawTabs();
  // A pane that was hidden could not count what is in view as read.
  for (const chat of Object.values(store.open)) if (chat) tell("messages", new Set([chat]));
}

function dock(open) {
  document.body.dataset.dock = open ? "open" : "closed";
  byId("dock-switch").setAttribute("aria-expanded", String(open));
  byId("dock-switch").textContent = word(open ? "toolsHide" : "toolsShow");
  keep("dock", open ? "open" : "closed");
}

function remembered(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

byId("theme").addEventListener("click", nextTheme);
byId("language").addEventListener("click", () => {
  speak(locale() === "ko" ? "en" : "ko");
  store.language += 1;
  drawWords();
  tell("language");
});
byId("dock-switch").addEventListener("click", () => dock(document.body.dataset.dock === "closed"));
document.addEventListener("show-tool", (event) => { dock(true); show(event.detail); });
document.addEventListener("visibilitychange", () => show(document.body.dataset.tab));
on("line", (state) => { line = state; byId("line").dataset.state = state; byId("line").textContent = word(state); });

for (const part of [telegram, slack, log, faults]) part.start();
document.body.dataset.dock = remembered("dock") || "open";
drawWords();
follow();
