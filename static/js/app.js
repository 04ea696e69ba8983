// What every page does when scripts run: copying, forms sent once, toasts that leave. Pages work without it.
const toasts = document.getElementById("toasts");
const TOAST_MS = 5000;

function say(text) {
  const line = document.createElement("p");
  line.textContent = text;
  // What lies behind an open dialog is neither seen nor read out.
  (document.querySelector("dialog[open] [data-toasts]") ?? toasts).append(line);
  setTimeout(() => line.remove(), TOAST_MS);
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without https or permission there is no clipboard; a selection can still be copied by hand.
    const shown = button.parentElement.querySelector("code");
    if (shown) getSelection().selectAllChildren(shown);
    return;
  }
  button.classList.add("is-done");
  say(button.dataset.said);
  setTimeout(() => button.classList.remove("is-done"), 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    event.preventDefault();
    copy(button);
  }
});

// A form that changes something is sent once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A menu that is open closes when one looks elsewhere, or by Escape, which gives its summary the focus back.
for (const menu of document.querySelectorAll("details[data-closes]")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// A filter is applied as soon as it is chosen. The arrow keys choose with each press, so after keys a button appears instead.
for (const form of document.querySelectorAll("form[data-apply]")) {
  let isByKey = false;
  form.addEventListener("keydown", () => { isByKey = true; });
  form.addEventListener("pointerdown", () => { isByKey = false; });
  form.addEventListener("change", () => {
    if (isByKey) form.classList.add("is-chosen");
    else form.requestSubmit();
  });
}

document.body.addEventListener("htmx:responseError", (event) => {
  const text = event.detail.elt.closest("[data-failed]")?.dataset.failed;
  if (text) say(text);
});

// The drawer moves the address without loading a page. After a reload there is no drawer to take "back" from.
const loaded = location.pathname + location.search;
if (!document.getElementById("drawer")) {
  addEventListener("popstate", () => {
    if (location.pathname + location.search !== loaded) location.reload();
  });
}

for (const line of document.querySelectorAll("[data-toast]")) setTimeout(() => line.remove(), TOAST_MS * 2);
