// Behaviour of every page: copy buttons, forms that are sent once, toasts that disappear. Pages also work without scripts.
const toasts = document.getElementById("toasts");
const TOAST_MS = 5000;

function say(text) {
  const line = document.createElement("p");
  line.textContent = text;
  // Text behind an open dialog is neither visible nor read out.
  (document.querySelector("dialog[open] [data-toasts]") ?? toasts).append(line);
  setTimeout(() => line.remove(), TOAST_MS);
}

// Without https or permission there is no clipboard, but browsers still copy what is selected in a box.
function copyFromBox(button) {
  const box = document.createElement("textarea");
  box.value = button.dataset.copy;
  box.className = "only-heard";
  button.after(box);
  box.select();
  const isCopied = document.execCommand("copy");
  box.remove();
  button.focus({ preventScroll: true });
  return isCopied;
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    if (!copyFromBox(button)) {
      // The last resort: select it, to be copied by hand.
      const code = button.parentElement.querySelector("code");
      if (code) getSelection().selectAllChildren(code);
      return;
    }
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

// A form that changes something is sent once, even if its button is pressed again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // A download leaves the page as it is, so it can be asked for again.
  if (form.method !== "post" || form.hasAttribute("hx-post") || event.submitter?.hasAttribute("data-repeats")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// An open menu closes on a click outside it, or on Escape, which returns the focus to its summary.
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

// A filter applies as soon as it is chosen. Arrow keys choose with every press, so after a key press a button appears instead.
for (const form of document.querySelectorAll("form[data-apply]")) {
  let isByKey = false;
  form.addEventListener("keydown", () => { isByKey = true; });
  form.addEventListener("pointerdown", () => { isByKey = false; });
  form.addEventListener("change", () => {
    if (isByKey) form.classList.add("is-chosen");
    else form.requestSubmit();
  });
}

// An answer that exchanges a part of the page tells what happened.
document.body.addEventListener("say", (event) => say(event.detail.text));

// A search that names one record redirects to it: reading begins at its name.
if (performance.getEntriesByType("navigation")[0]?.redirectCount) {
  document.querySelector("h1[data-record]")?.focus({ preventScroll: true });
}

document.body.addEventListener("htmx:responseError", (event) => {
  const text = event.detail.elt.closest("[data-failed]")?.dataset.failed;
  if (text) say(text);
});

// The drawer changes the address without loading a page. After a reload there is no drawer that handles "back".
const addressAtLoad = location.pathname + location.search;
if (!document.getElementById("drawer")) {
  addEventListener("popstate", () => {
    if (location.pathname + location.search !== addressAtLoad) location.reload();
  });
}

for (const line of document.querySelectorAll("[data-toast]")) setTimeout(() => line.remove(), TOAST_MS * 2);

// Drafts of notes are the person's who leaves.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-signs-out]")) sessionStorage.clear();
});
