// The action menu (Ctrl+K or ⌘K) lists the buttons and links of the page by name and presses the chosen one. It holds no
// actions of its own, so it offers exactly what this person may do.
const dialog = document.getElementById("actions");
const box = dialog?.querySelector("input");
const list = dialog?.querySelector("[role='listbox']");
const emptyNote = dialog?.querySelector("[data-none]");
const PLACES = [
  ["here", ".btn, .out a, .facts [data-copy], #export"],
  ["go", ".side nav a"],
  ["me", ".themes button, .me a, .me button"],
];
let actions = [];

// The page under an open drawer cannot be pressed; the actions are those of the record in the drawer.
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

function choose(option) {
  list.querySelector("[aria-selected='true']")?.setAttribute("aria-selected", "false");
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

function show() {
  const words = box.value.toLowerCase().split(/\s+/);
  const fits = ({ name }) => words.every((word) => name.toLowerCase().includes(word));
  list.replaceChildren(...actions.map(buildOption).filter((option) => fits(actions[option.dataset.at])));
  emptyNote.hidden = list.childElementCount > 0;
  choose(list.firstElementChild);
}

function open() {
  actions = findActions();
  box.value = "";
  dialog.showModal();
  show();
}

function press(option) {
  dialog.close();
  actions[option.dataset.at].control.click();
}

function walk(step) {
  const all = [...list.children];
  const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (all.length) choose(all[(here + step + all.length) % all.length]);
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
  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const keyActions = { ArrowDown: () => walk(1), ArrowUp: () => walk(-1), Enter: () => press(list.querySelector("[aria-selected='true']")) };
    if (!Object.hasOwn(keyActions, event.key)) return;
    event.preventDefault();
    if (list.childElementCount) keyActions[event.key]();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role='option']");
    if (option) press(option);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
