// Ctrl+K, or ⌘K: everything that can be done from here, by name. The menu holds nothing of its own: it lists the buttons and
// links that the page shows anyway and presses the one that is chosen, so it offers what this person may do and no more.
const dialog = document.getElementById("actions");
const box = dialog?.querySelector("input");
const list = dialog?.querySelector("[role='listbox']");
const none = dialog?.querySelector("[data-none]");
const PLACES = [
  ["here", ".btn, .out a, .facts [data-copy], #export"],
  ["go", ".side nav a"],
  ["me", ".themes button, .me a, .me button"],
];
let found = [];

// What stands under an open drawer cannot be pressed, and the drawer holds the record that is meant.
const rootOf = (place) => (place === "here" && document.querySelector("#drawer[open]")) || document;
const isSeen = (one) => one.checkVisibility() || one.closest("details.me:not([open])");
const isThere = (one) => isSeen(one) && !one.disabled && !dialog.contains(one) && !one.closest("dialog:not([open])");

function nameOf(one) {
  const copy = one.cloneNode(true);
  for (const part of copy.querySelectorAll(".count, kbd, .new-tab, [data-aside]")) part.remove();
  const group = one.closest("[role='group']")?.getAttribute("aria-label");
  const words = copy.textContent.trim().replace(/\s+/g, " ");
  return group ? `${group}: ${words}` : words;
}

function gather() {
  const all = [];
  for (const [place, what] of PLACES) {
    for (const one of rootOf(place).querySelectorAll(what)) {
      const isMine = place !== "here" || one.closest("main, #drawer");
      if (isMine && isThere(one)) all.push({ one, name: nameOf(one), place: dialog.dataset[place] });
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

function optionOf({ name, place }, at) {
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
  list.replaceChildren(...found.map(optionOf).filter((option) => fits(found[option.dataset.at])));
  none.hidden = list.childElementCount > 0;
  choose(list.firstElementChild);
}

function open() {
  found = gather();
  box.value = "";
  dialog.showModal();
  show();
}

function press(option) {
  dialog.close();
  found[option.dataset.at].one.click();
}

function walk(step) {
  const all = [...list.children];
  const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (all.length) choose(all[(here + step + all.length) % all.length]);
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    const isAsked = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (!isAsked || document.querySelector("#keys[open]")) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.querySelector("[data-actions]")?.addEventListener("click", open);
  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const deeds = { ArrowDown: () => walk(1), ArrowUp: () => walk(-1), Enter: () => press(list.querySelector("[aria-selected='true']")) };
    if (!Object.hasOwn(deeds, event.key)) return;
    event.preventDefault();
    if (list.childElementCount) deeds[event.key]();
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
