// Selected rows of a list (`form[data-selection]`): one box for the page, a range with Shift, how many are selected, and
// buttons that wait for a selection. Without scripts the boxes and buttons work as they are. A row stays selected when the
// list is swapped.
const findForm = () => document.querySelector("form[data-selection]");
const findBoxes = () => [...(findForm()?.querySelectorAll("tbody input[type='checkbox']") ?? [])];
let ticked = new Set();
let lastBox = null;

function describe(number, { none, one, many }) {
  if (number === 0) return none;
  return number === 1 ? one : many.replace("%s", number);
}

function show() {
  const form = findForm();
  if (!form) return;
  const boxes = findBoxes();
  const chosen = boxes.filter((box) => box.checked);
  ticked = new Set(chosen.map((box) => box.value));
  const pageBox = form.querySelector("[data-select-page]");
  pageBox.checked = chosen.length > 0 && chosen.length === boxes.length;
  pageBox.indeterminate = chosen.length > 0 && !pageBox.checked;
  const allBox = form.elements.all;
  // A bar that is there for ticked rows only takes the box for all rows along.
  if (allBox && !chosen.length && form.dataset.selection === "ticked") allBox.checked = false;
  const isAll = allBox?.checked ?? false;
  const count = form.querySelector("[data-count]");
  const text = isAll ? count.dataset.all : describe(chosen.length, count.dataset);
  if (count.textContent !== text) count.textContent = text;
  for (const button of form.querySelectorAll("[data-needs-selection]")) button.disabled = !chosen.length && !isAll;
  for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked || isAll);
}

function tick(boxes, isTicked) {
  for (const box of boxes) box.checked = isTicked;
}

// With Shift, every box from the last one to this one takes the same state.
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("form[data-selection] tbody input[type='checkbox']");
  if (!box) return;
  const boxes = findBoxes();
  if (event.shiftKey && boxes.includes(lastBox)) {
    const [first, last] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((one, other) => one - other);
    tick(boxes.slice(first, last + 1), box.checked);
  }
  lastBox = box;
});
document.addEventListener("change", (event) => {
  if (!event.target.closest?.("form[data-selection]")) return;
  if (event.target.matches("[data-select-page]")) tick(findBoxes(), event.target.checked);
  show();
});
document.addEventListener("reset", (event) => {
  if (event.target === findForm()) setTimeout(show);
});
document.addEventListener("swapped", () => {
  tick(findBoxes().filter((box) => ticked.has(box.value)), true);
  show();
});
// A browser that goes back restores ticks after scripts have run.
addEventListener("pageshow", show);
show();
