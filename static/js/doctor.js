// Sends the doctor's form with Ctrl+Enter, and empties the box when the page is left, so that the browser's back button
// shows no token again. The doctor also works without scripts.
const form = document.querySelector("[data-doctor]");
const paste = form?.querySelector("textarea");

paste?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
addEventListener("pagehide", () => {
  if (paste) paste.value = "";
});
