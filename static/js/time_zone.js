// Offers the browser's time zone as a button. Nothing is chosen until the button is pressed.
const list = document.getElementById("time_zone");
const hint = document.querySelector("[data-browser-zone]");
const button = hint?.querySelector("button");
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isOffered = list && [...list.options].some((option) => option.value === browserZone);

if (isOffered && browserZone !== list.value) {
  button.textContent = browserZone;
  hint.hidden = false;
  button.addEventListener("click", () => {
    list.value = browserZone;
    hint.hidden = true;
    list.form.requestSubmit();
  });
}
