// The first matches below the search box, as the pattern "combobox with a list" has it: the focus stays in the box, the
// arrow keys choose, Enter opens, Esc closes. htmx asks for the matches; without scripts the box is a plain form.
const box = document.getElementById("search");
const list = document.getElementById("matches");
const said = document.getElementById("matches-said");

const options = () => [...list.querySelectorAll('[role="option"]')];
const chosen = () => list.querySelector('[aria-selected="true"]');
const isOpen = () => !list.hidden;

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  if (!option) {
    box.removeAttribute("aria-activedescendant");
    return;
  }
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", option.id);
}

function show() {
  const found = list.querySelector("#match-list");
  list.hidden = !found;
  const hasOptions = options().length > 0;
  box.setAttribute("aria-expanded", String(hasOptions));
  if (hasOptions) box.setAttribute("aria-controls", "match-options");
  else box.removeAttribute("aria-controls");
  box.removeAttribute("aria-activedescendant");
  said.textContent = found?.dataset.said ?? "";
}

function close() {
  // What is still under way must not open the list again.
  box.dispatchEvent(new Event("htmx:abort"));
  choose(null);
  list.hidden = true;
  box.setAttribute("aria-expanded", "false");
  said.textContent = "";
}

function walk(step) {
  const all = options();
  if (!all.length) return;
  const here = all.indexOf(chosen());
  // Past either end stands the box itself, with nothing chosen.
  const places = all.length + 1;
  choose(all[((here === -1 ? all.length : here) + step + places) % places]);
}

const deeds = {
  ArrowDown: () => walk(1),
  ArrowUp: () => walk(-1),
  Enter: () => chosen()?.click(),
  Escape: close,
};

function press(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (!isOpen()) {
    if (event.key !== "ArrowDown" || !options().length) return;
    event.preventDefault();
    show();
  }
  if (!Object.hasOwn(deeds, event.key)) return;
  // Without a choice Enter sends the form, as it does without scripts.
  if (event.key === "Enter" && !chosen()) {
    close();
    return;
  }
  event.preventDefault();
  deeds[event.key]();
}

if (box && list) {
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.addEventListener("keydown", press);
  list.addEventListener("htmx:afterSwap", () => (document.activeElement === box ? show() : close()));
  // A press of the mouse must not take the focus away before it is a click.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  box.addEventListener("blur", close);
  box.addEventListener("input", () => {
    if (!box.value.trim()) close();
  });
}
