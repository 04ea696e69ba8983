// The first matches below the search box, after the ARIA pattern "combobox with a listbox popup": the focus stays in the
// box, arrow keys choose, Enter opens, Esc closes. htmx fetches the matches; without scripts the box is a plain form.
const box = document.getElementById("search");
const list = document.getElementById("matches");
const status = document.getElementById("matches-said");

const findOptions = () => [...list.querySelectorAll('[role="option"]')];
const findChosen = () => list.querySelector('[aria-selected="true"]');
const isOpen = () => !list.hidden;

function choose(option) {
  findChosen()?.setAttribute("aria-selected", "false");
  if (!option) {
    box.removeAttribute("aria-activedescendant");
    return;
  }
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", option.id);
}

function show() {
  const matches = list.querySelector("#match-list");
  list.hidden = !matches;
  const hasOptions = findOptions().length > 0;
  box.setAttribute("aria-expanded", String(hasOptions));
  if (hasOptions) box.setAttribute("aria-controls", "match-options");
  else box.removeAttribute("aria-controls");
  box.removeAttribute("aria-activedescendant");
  status.textContent = matches?.dataset.said ?? "";
}

function close() {
  // A pending request must not open the list again.
  box.dispatchEvent(new Event("htmx:abort"));
  choose(null);
  list.hidden = true;
  box.setAttribute("aria-expanded", "false");
  status.textContent = "";
}

function walk(step) {
  const all = findOptions();
  if (!all.length) return;
  const here = all.indexOf(findChosen());
  // One place beyond both ends is the box itself, with nothing chosen.
  const places = all.length + 1;
  choose(all[((here === -1 ? all.length : here) + step + places) % places]);
}

const keyActions = {
  ArrowDown: () => walk(1),
  ArrowUp: () => walk(-1),
  Enter: () => findChosen()?.click(),
  Escape: close,
};

function press(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (!isOpen()) {
    if (event.key !== "ArrowDown" || !findOptions().length) return;
    event.preventDefault();
    show();
  }
  if (!Object.hasOwn(keyActions, event.key)) return;
  // Without a choice Enter sends the form, as it does without scripts.
  if (event.key === "Enter" && !findChosen()) {
    close();
    return;
  }
  event.preventDefault();
  keyActions[event.key]();
}

if (box && list) {
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.addEventListener("keydown", press);
  list.addEventListener("htmx:afterSwap", () => (document.activeElement === box ? show() : close()));
  // Pressing the mouse must not move the focus before the click arrives.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  box.addEventListener("blur", close);
  box.addEventListener("input", () => {
    if (!box.value.trim()) close();
  });
}
