// A record beside the list: a row's link opens its page in a drawer on the right, where there is room for one. The address
// follows, so that a reload or a copied link shows the page itself; Esc, the cross and "back" close, and the focus goes
// back to the row. j and k walk on through the list. Without scripts, on a phone or with Ctrl the link is a plain link.
const drawer = document.getElementById("drawer");
const body = drawer?.querySelector("[data-drawer-body]");
const whole = drawer?.querySelector("[data-drawer-page]");
const ROOM = matchMedia("(min-width: 64rem)");
const ROWS = "#list tbody td.who > a";
const list = { title: document.title };
let asked = null;

const shown = () => history.state?.row;
const rowOf = (id) => document.getElementById(id);

async function load(address) {
  asked?.abort();
  asked = new AbortController();
  body.replaceChildren();
  body.setAttribute("aria-busy", "true");
  const answer = await fetch(address, { signal: asked.signal });
  // Signed out meanwhile, or gone: the page itself says so.
  if (!answer.ok || answer.redirected) throw new Error("not a record");
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function fill(address) {
  whole.href = address;
  try {
    const page = await load(address);
    const content = [...page.getElementById("content").children].filter((part) => !part.matches(".crumbs"));
    body.replaceChildren(...content.map((part) => document.adoptNode(part)));
    body.removeAttribute("aria-busy");
    window.htmx?.process(body);
    document.title = page.title;
    drawer.setAttribute("aria-label", page.title);
    body.scrollTop = 0;
    body.focus();
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  }
}

function open(link, { isNew }) {
  const deed = drawer.open ? "replaceState" : "pushState";
  if (isNew) history[deed]({ row: link.id }, "", link.href);
  if (!drawer.open) drawer.showModal();
  fill(link.href);
}

// However it was closed: by Esc, which some browsers do not let a page hold up, by the cross or by "back".
function closed() {
  asked?.abort();
  document.title = list.title;
  rowOf(drawer.dataset.row)?.focus();
  if (shown()) history.back();
}

function walk(step) {
  const rows = [...document.querySelectorAll(ROWS)];
  const here = rows.findIndex((row) => row.id === drawer.dataset.row);
  const next = rows[here + step];
  if (here === -1 || !next) return;
  drawer.dataset.row = next.id;
  open(next, { isNew: true });
}

if (drawer) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest(ROWS);
    const isPlain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !isPlain || !ROOM.matches) return;
    event.preventDefault();
    drawer.dataset.row = link.id;
    open(link, { isNew: true });
  });
  drawer.addEventListener("close", closed);
  drawer.addEventListener("click", (event) => {
    const step = Number(event.target.closest("[data-step]")?.dataset.step);
    if (step) walk(step);
    else if (event.target === drawer || event.target.closest("[data-drawer-close]")) drawer.close();
  });
  drawer.addEventListener("walk", (event) => walk(event.detail));
  addEventListener("popstate", () => {
    const row = shown() && rowOf(shown());
    if (row) {
      drawer.dataset.row = row.id;
      open(row, { isNew: false });
    } else if (shown()) location.reload();
    else if (drawer.open) drawer.close();
  });
}
