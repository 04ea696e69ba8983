// The doctor works without this. It sends the form with Ctrl+Enter, and empties the paste when the page is left, so that
// no token comes back with the browser's back button.
const form = document.querySelector("[data-doctor]");
const paste = form?.querySelector("textarea");

paste?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
addEventListener("pagehide", () => {
  if (paste) paste.value = "";
});
