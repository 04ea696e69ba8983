// Notes: Ctrl+Enter saves, and what is typed survives a reload of the page or a closed drawer until it is saved. Drafts
// stay in this tab alone, apart for each person and player.
const readDraft = (form) => sessionStorage.getItem(form.dataset.draft);

function restore(form) {
  const box = form.querySelector("textarea");
  const draft = readDraft(form);
  if (box && draft && !box.value) box.value = draft;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("[data-sends]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-draft]");
  if (!form) return;
  if (event.target.value) sessionStorage.setItem(form.dataset.draft, event.target.value);
  else sessionStorage.removeItem(form.dataset.draft);
});

// The answer holds what was typed where it was not saved.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt?.closest?.("form[data-draft]");
  if (form && event.detail.xhr.status === 200) sessionStorage.removeItem(form.dataset.draft);
});

// The drawer brings its form later than the page.
document.addEventListener("htmx:afterProcessNode", (event) => {
  if (event.target.matches?.("form[data-draft]")) restore(event.target);
});
for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
