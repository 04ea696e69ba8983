// Selected rows of a list (`form[data-selection]`): one box for the page, a range with Shift, how many are selected, and
// buttons that wait for a selection. Without scripts the boxes and buttons work as they are.
const form = document.querySelector("form[data-selection]");
const boxes = [...form.querySelectorAll("tbody input[type='checkbox']")];
const pageBox = form.querySelector("[data-select-all]");
const allBox = form.querySelector("[data-all]");
const count = form.querySelector("[data-count]");
let lastBox = null;

function describe(number) {
  if (number === 0) return count.dataset.none;
  return number === 1 ? count.dataset.one : count.dataset.many.replace("{count}", number);
}

function show() {
  const number = boxes.filter((box) => box.checked).length;
  const isAll = allBox?.checked ?? false;
  pageBox.checked = number > 0 && number === boxes.length;
  pageBox.indeterminate = number > 0 && number < boxes.length;
  const text = isAll ? allBox.parentElement.textContent.trim() : describe(number);
  if (count.textContent !== text) count.textContent = text;
  for (const button of form.querySelectorAll("[data-needs-selection]")) button.disabled = !number && !isAll;
  for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked || isAll);
}

function selectRange(box) {
  const [first, last] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((one, other) => one - other);
  for (const between of boxes.slice(first, last + 1)) between.checked = box.checked;
}

form.addEventListener("click", (event) => {
  const box = event.target.closest("tbody input[type='checkbox']");
  if (!box) return;
  if (event.shiftKey && lastBox) selectRange(box);
  lastBox = box;
  show();
});
form.addEventListener("change", (event) => {
  if (event.target === pageBox) for (const box of boxes) box.checked = pageBox.checked;
  show();
});
// "Back" brings boxes back as they were, after the script has run.
addEventListener("pageshow", show);
show();
