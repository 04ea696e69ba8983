// The rows of the list: the roles of a table, a copy button behind each ID, whole IDs and times as tooltips, and the boxes that select rows.
// Without scripts the boxes work all the same; the bar appears by style as soon as one is ticked.
const findList = () => document.getElementById("list");
const findForm = () => document.getElementById("selected");
const findBoxes = () => [...(findForm()?.querySelectorAll("tbody input[name='row']") ?? [])];
// Keys of ticked rows, so that they stay ticked when the list is swapped.
let ticked = new Set();
let lastBox = null;

function addCopyButtons() {
  for (const [cell, kind] of [["td.login", "user"], ["td.visitor", "visitor"]]) {
    const button = document.getElementById(`copy-${kind}`)?.content.firstElementChild;
    for (const id of button ? findList().querySelectorAll(`${cell} .cut`) : []) {
      const copy = button.cloneNode(true);
      copy.id = `${id.closest("tr").querySelector(".who > a").id}-${kind}`;
      copy.dataset.copy = id.textContent;
      id.after(copy);
    }
  }
}

// Some browsers forget that a table is one when a style lays its rows out as cards.
function addRoles() {
  for (const part of findList().querySelectorAll("tbody")) part.setAttribute("role", "rowgroup");
  for (const row of findList().querySelectorAll("tbody tr")) {
    row.setAttribute("role", "row");
    for (const cell of row.cells) cell.setAttribute("role", "cell");
  }
}

// A tooltip of a time says the time itself, and paper shows it in place of the age.
function addTimes() {
  for (const time of findList().querySelectorAll(".when > :not([title])")) time.title = time.textContent;
}

document.addEventListener("pointerover", (event) => {
  const cut = event.target.closest?.("#list .cut");
  if (cut && !cut.title) cut.title = cut.textContent;
});

// --- selection ---------------------------------------------------------------------------------------------------------
function showSelection() {
  const form = findForm();
  if (!form) return;
  const boxes = findBoxes();
  const all = boxes.filter((box) => box.checked);
  ticked = new Set(all.map((box) => box.value));
  const page = form.querySelector("[data-select-page]");
  page.checked = all.length > 0 && all.length === boxes.length;
  page.indeterminate = all.length > 0 && !page.checked;
  if (!all.length) form.elements.all.checked = false;
  const count = form.querySelector("[data-selected]");
  const text = all.length && !form.elements.all.checked ? count.dataset.selected.replace("%s", all.length) : "";
  if (count.textContent !== text) count.textContent = text;
}

function tickAll(boxes, isTicked) {
  for (const box of boxes) box.checked = isTicked;
}

// With Shift, every box from the last one to this one takes the same state.
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("#selected tbody input[name='row']");
  if (!box) return;
  const boxes = findBoxes();
  if (event.shiftKey && boxes.includes(lastBox)) {
    const [first, last] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
    tickAll(boxes.slice(first, last + 1), box.checked);
  }
  lastBox = box;
});
document.addEventListener("change", (event) => {
  if (!event.target.closest?.("#selected")) return;
  if (event.target.matches("[data-select-page]")) tickAll(findBoxes(), event.target.checked);
  showSelection();
});
document.addEventListener("reset", (event) => {
  if (event.target === findForm()) setTimeout(showSelection);
});

function prepare() {
  addRoles();
  addTimes();
  addCopyButtons();
  tickAll(findBoxes().filter((box) => ticked.has(box.value)), true);
  showSelection();
}

if (findList()) {
  document.addEventListener("swapped", prepare);
  prepare();
  // A browser that goes back restores ticks after scripts have run.
  addEventListener("pageshow", showSelection);
}
