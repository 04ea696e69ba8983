// Single-key shortcuts: / searches, j and k step through the rows, x selects one, r shows new rows, ? lists the keys. A
// control with `data-key` is pressed by its key. A box in the list of keys switches all but ? off.
const KEY = "zdbridge-keys";
const ROWS = "tbody td.who > a";
const drawer = document.getElementById("drawer");

function isOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

function search() {
  const box = document.getElementById("search");
  if (!box) return false;
  box.focus();
  box.select();
  return true;
}

function walk(step) {
  if (drawer?.open) return drawer.dispatchEvent(new CustomEvent("walk", { detail: step }));
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
  const next = here === -1 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + step, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
  return true;
}

// The button is pressed without receiving the focus, so the focused row keeps it and stays in place.
function showNews() {
  const button = document.querySelector("button[data-live-show]");
  if (!button?.checkVisibility() || drawer?.open) return false;
  button.click();
  return true;
}

function select() {
  const row = drawer?.open ? document.getElementById(drawer.dataset.row) : document.activeElement;
  const box = row?.closest("tr")?.querySelector("input[type='checkbox'][name]");
  box?.click();
  return Boolean(box);
}

function press(key) {
  const root = drawer?.open ? drawer : document;
  const control = root.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!control?.checkVisibility() || control.disabled) return false;
  control.click();
  return true;
}

const actions = { "/": search, j: () => walk(1), k: () => walk(-1), r: showNews, x: select };
const dialog = document.getElementById("keys");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  // A ticked box takes no text, so the keys go on working there.
  if (event.target.closest("input:not([type='checkbox']), textarea, select, [contenteditable], dialog:not(#drawer)")) return;
  if (event.key === "?" && dialog) {
    event.preventDefault();
    dialog.showModal();
    return;
  }
  if (!isOn()) return;
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : () => press(event.key);
  if (action()) event.preventDefault();
});

document.querySelector("[data-keys]")?.addEventListener("click", () => dialog?.showModal());

const box = document.getElementById("keys-on");
if (box) {
  box.checked = isOn();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(KEY, box.checked ? "on" : "off");
    } catch {
      // Private windows may forbid storage: then the keys stay on.
    }
  });
}
