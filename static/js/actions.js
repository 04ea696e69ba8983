// The menu of Ctrl+K (⌘K): players, visitors and integrations, which the server finds, and below them the buttons and links
// of the page by name, which it presses. It holds no actions of its own, so it offers exactly what this person may do.
// After the ARIA pattern "combobox with a listbox popup": the focus stays in the box, arrow keys choose, Enter opens.
const WAIT_MS = 200;
const dialog = document.getElementById("actions");
const box = dialog?.querySelector("input");
const list = dialog?.querySelector("[role='listbox']");
const emptyNote = dialog?.querySelector("[data-none]");
const status = dialog?.querySelector("[data-found]");
const PLACES = [
  ["here", ".btn, .out a, :is(.facts, .head-facts) [data-copy], #export"],
  ["go", ".side nav a"],
  ["me", ".themes button, .me a, .me button"],
];
let actions = [];
// The groups that the server found for the text in the box, and whether an answer is on its way.
let found = [];
let isAsking = false;
let hasWalked = false;
let request = null;
let timer;

// With an open drawer, the actions are those of the record in it.
const findRoot = (place) => (place === "here" && document.querySelector("#drawer[open]")) || document;
const isSeen = (control) => control.checkVisibility() || control.closest("details.me:not([open])");
const isAvailable = (control) =>
  isSeen(control) && !control.disabled && !dialog.contains(control) && !control.closest("dialog:not([open])");

function readName(control) {
  const copy = control.cloneNode(true);
  for (const part of copy.querySelectorAll(".count, kbd, .new-tab, [data-aside]")) part.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
}

function findActions() {
  const all = [];
  for (const [place, selector] of PLACES) {
    for (const control of findRoot(place).querySelectorAll(selector)) {
      const isInPlace = place !== "here" || control.closest("main, #drawer");
      if (isInPlace && isAvailable(control)) all.push({ control, name: readName(control), place: dialog.dataset[place] });
    }
  }
  return all;
}

// --- records opened lately -----------------------------------------------------------------------------------------------
// This browser keeps the numbers of their rows in the table, and nothing about them.
const RECENT_KEY = "zdbridge-recent";
const RECENT_MOST = 12;

function readRecent() {
  try {
    const keys = JSON.parse(localStorage.getItem(RECENT_KEY) ?? "[]");
    return Array.isArray(keys) ? keys.filter((key) => /^[vu]\d+$/.test(key)) : [];
  } catch {
    return [];
  }
}

function remember(key) {
  if (!key) return;
  try {
    const keys = [key, ...readRecent().filter((other) => other !== key)];
    localStorage.setItem(RECENT_KEY, JSON.stringify(keys.slice(0, RECENT_MOST)));
  } catch {
    // Private windows may forbid storage: then nothing is remembered.
  }
}

remember(document.getElementById("content")?.dataset.record);
document.addEventListener("opened", (event) => remember(event.detail));

// --- the list ------------------------------------------------------------------------------------------------------------
const findOptions = () => [...list.querySelectorAll("[role='option']")];
const findChosen = () => list.querySelector("[aria-selected='true']");

function choose(option) {
  findChosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) box.setAttribute("aria-activedescendant", option.id);
  else box.removeAttribute("aria-activedescendant");
}

function buildOption({ name, place }, at) {
  const option = document.createElement("div");
  option.id = `action-${at}`;
  option.setAttribute("role", "option");
  option.dataset.at = at;
  const kind = document.createElement("span");
  kind.textContent = place;
  option.append(name, " ", kind);
  return option;
}

function buildActionGroup() {
  const words = box.value.toLowerCase().split(/\s+/);
  const fits = ({ name }) => words.every((word) => name.toLowerCase().includes(word));
  const options = actions.map(buildOption).filter((option) => fits(actions[option.dataset.at]));
  if (!options.length) return [];
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", dialog.dataset.actionsTitle);
  const title = document.createElement("p");
  title.className = "kind";
  title.setAttribute("aria-hidden", "true");
  title.textContent = dialog.dataset.actionsTitle;
  group.append(title, ...options);
  return [group];
}

// What a person has chosen by arrow keys stays chosen when an answer arrives, and so does an action whose name begins with
// the text: Enter must not open something else than a moment before.
function show() {
  const chosen = findChosen();
  const isNamed = chosen?.dataset.at && box.value && actions[chosen.dataset.at].name.toLowerCase().startsWith(box.value.toLowerCase());
  const keep = (hasWalked || isNamed) && chosen.id;
  list.replaceChildren(...found, ...buildActionGroup());
  const options = findOptions();
  emptyNote.hidden = options.length > 0 || isAsking;
  choose((keep && document.getElementById(keep)) || options[0]);
}

async function ask() {
  request?.abort();
  request = new AbortController();
  try {
    const query = new URLSearchParams({ q: box.value.trim(), recent: readRecent().join(".") });
    const answer = await fetch(`${dialog.dataset.jump}?${query}`, { signal: request.signal, redirect: "manual" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    found = [...page.querySelectorAll("#jump > [role='group']")].map((group) => document.adoptNode(group));
    status.textContent = page.getElementById("jump")?.dataset.said ?? "";
  } catch (error) {
    if (error.name === "AbortError") return;
    found = [];
  }
  isAsking = false;
  show();
}

function askSoon() {
  clearTimeout(timer);
  request?.abort();
  // What was found for another text is no answer to this one.
  found = [];
  hasWalked = false;
  isAsking = true;
  timer = setTimeout(ask, box.value ? WAIT_MS : 0);
  show();
}

function open() {
  actions = findActions();
  box.value = "";
  dialog.showModal();
  askSoon();
}

function press(option) {
  dialog.close();
  if (option.dataset.at) actions[option.dataset.at].control.click();
  else option.click();
}

function walk(step) {
  const all = findOptions();
  if (!all.length) return;
  hasWalked = true;
  choose(all[(all.indexOf(findChosen()) + step + all.length) % all.length]);
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    const isShortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (!isShortcut || document.querySelector("#keys[open]")) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.querySelector("[data-actions]")?.addEventListener("click", open);
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    request?.abort();
  });
  box.addEventListener("input", askSoon);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const keyActions = { ArrowDown: () => walk(1), ArrowUp: () => walk(-1), Enter: () => press(findChosen()) };
    if (!Object.hasOwn(keyActions, event.key)) return;
    event.preventDefault();
    if (findChosen()) keyActions[event.key]();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role='option']");
    // A record is a link, which the browser opens itself, in a new tab if so asked.
    if (option?.dataset.at) press(option);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
