// The rows of the list: the roles of a table, a copy button behind each ID, whole IDs and times as tooltips.
const findList = () => document.getElementById("list");

function addCopyButtons() {
  for (const [cell, kind] of [["td.login", "user"], ["td.visitor", "visitor"]]) {
    const button = document.getElementById(`copy-${kind}`)?.content.firstElementChild;
    for (const id of button ? findList().querySelectorAll(`${cell} > :is(a, code)`) : []) {
      const copy = button.cloneNode(true);
      copy.id = `${id.closest("tr").querySelector(".who > a").id}-${kind}`;
      copy.dataset.copy = id.textContent;
      id.after(copy);
    }
  }
}

// Some browsers forget that a table is one when a style lays its rows out as cards.
function addRoles() {
  for (const part of findList().querySelectorAll("thead, tbody")) part.setAttribute("role", "rowgroup");
  for (const row of findList().querySelectorAll("tr")) {
    row.setAttribute("role", "row");
    for (const cell of row.cells) cell.setAttribute("role", cell.tagName === "TH" ? "columnheader" : "cell");
  }
}

// A tooltip of a time says the time itself, and paper shows it in place of the age.
function addTimes() {
  for (const time of findList().querySelectorAll(":is(.when, .last-chat) > :not([title])")) time.title = time.textContent;
}

document.addEventListener("pointerover", (event) => {
  const cut = event.target.closest?.("#list :is(.login, .visitor) > :is(a, code)");
  if (cut && !cut.title) cut.title = cut.textContent;
});

function prepare() {
  addRoles();
  addTimes();
  addCopyButtons();
}

if (findList()) {
  document.addEventListener("swapped", prepare);
  prepare();
}
