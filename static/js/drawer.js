// A record beside the list: on a wide window, a row's link opens its page in a drawer on the right. The list stays usable:
// it makes room, and another row's link changes the record. The address changes too, so that a reload or a copied link
// shows the page itself. Esc, the cross and "back" close the drawer and return the focus to the row; j and k step through
// the list. Without scripts, on a phone or with Ctrl, the link is a plain link.
const drawer = document.getElementById("drawer");
const body = drawer?.querySelector("[data-drawer-body]");
const pageLink = drawer?.querySelector("[data-drawer-page]");
const ROOM = matchMedia("(min-width: 64rem)");
const ROWS = "#list tbody td.who > a";
const list = { title: document.title };
let request = null;

const readRowID = () => history.state?.row;
const findRow = (id) => document.getElementById(id);

async function fetchPage(address) {
  request?.abort();
  request = new AbortController();
  body.replaceChildren();
  body.setAttribute("aria-busy", "true");
  const answer = await fetch(address, { signal: request.signal });
  // Signed out or deleted in the meantime: the page itself shows that.
  if (!answer.ok || answer.redirected) throw new Error("not a record");
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function fill(address) {
  pageLink.href = address;
  try {
    const page = await fetchPage(address);
    const content = [...page.getElementById("content").children].filter((part) => !part.matches(".crumbs"));
    body.replaceChildren(...content.map((part) => document.adoptNode(part)));
    body.removeAttribute("aria-busy");
    window.htmx?.process(body);
    document.dispatchEvent(new CustomEvent("opened", { detail: page.getElementById("content").dataset.record }));
    document.title = page.title;
    drawer.setAttribute("aria-label", page.title);
    body.scrollTop = 0;
    // Reading begins at the name.
    (body.querySelector("h1") ?? body).focus({ preventScroll: true });
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  }
}

// The list is narrower beside a drawer, and what is above it may wrap: the row stays where it is on the screen.
function keepInPlace(row, change) {
  const top = row?.getBoundingClientRect().top;
  change();
  if (row?.isConnected) scrollBy({ top: row.getBoundingClientRect().top - top, behavior: "instant" });
}

function markRow() {
  for (const row of document.querySelectorAll(`${ROWS}[aria-current]`)) row.removeAttribute("aria-current");
  if (drawer.open) findRow(drawer.dataset.row)?.setAttribute("aria-current", "true");
}

function open(link, { isNew }) {
  const method = drawer.open ? "replaceState" : "pushState";
  if (isNew) history[method]({ row: link.id }, "", link.href);
  drawer.dataset.row = link.id;
  // Not modal: what is beside it can be read, pressed and heard.
  if (!drawer.open) keepInPlace(link, () => drawer.show());
  markRow();
  fill(link.href);
}

function close() {
  keepInPlace(findRow(drawer.dataset.row), () => drawer.close());
}

// Runs for every way to close: the cross, "back", and Esc, which some browsers do not let a page intercept. The event
// comes a moment after the drawer is closed; "forward" may have opened it again by then.
function leave() {
  if (drawer.open) return;
  request?.abort();
  document.title = list.title;
  markRow();
  findRow(drawer.dataset.row)?.focus({ preventScroll: true });
  if (readRowID()) history.back();
}

function walk(step) {
  const rows = [...document.querySelectorAll(ROWS)];
  const here = rows.findIndex((row) => row.id === drawer.dataset.row);
  const next = rows[here + step];
  if (here === -1 || !next) return;
  open(next, { isNew: true });
  next.scrollIntoView({ block: "nearest" });
}

if (drawer) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest(ROWS);
    const isPlain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !isPlain || !ROOM.matches) return;
    event.preventDefault();
    open(link, { isNew: true });
  });
  drawer.addEventListener("close", leave);
  drawer.addEventListener("click", (event) => {
    const step = Number(event.target.closest("[data-step]")?.dataset.step);
    if (step) walk(step);
    else if (event.target.closest("[data-drawer-close]")) close();
  });
  document.addEventListener("keydown", (event) => {
    // A menu, a box or a dialog above takes its own Escape.
    if (event.key !== "Escape" || !drawer.open || event.defaultPrevented) return;
    if (event.target.closest("details[data-closes], input:not([type='checkbox']), textarea, select, dialog:not(#drawer)")) return;
    event.preventDefault();
    close();
  });
  document.addEventListener("swapped", markRow);
  drawer.addEventListener("walk", (event) => walk(event.detail));
  addEventListener("popstate", () => {
    const row = readRowID() && findRow(readRowID());
    if (row) open(row, { isNew: false });
    else if (readRowID()) location.reload();
    else if (drawer.open) close();
  });
}
