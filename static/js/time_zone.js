// Offers the browser's own time zone, one press away. Nothing is chosen without that press.
const list = document.getElementById("time_zone");
const hint = document.querySelector("[data-browser-zone]");
const button = hint?.querySelector("button");
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isOffered = list && [...list.options].some((option) => option.value === own);

if (isOffered && own !== list.value) {
  button.textContent = own;
  hint.hidden = false;
  button.addEventListener("click", () => {
    list.value = own;
    hint.hidden = true;
    list.form.requestSubmit();
  });
}
