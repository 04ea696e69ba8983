// Keeps a list fresh: the same template again every few seconds, while somebody looks and nobody asked for a stop.
// Elements with an id keep the focus across a swap, which is htmx's own doing.
const EVERY_MS = 5000;
const KEY = "zdbridge-live";

function isOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

for (const button of document.querySelectorAll("[data-live]")) {
  const show = () => button.setAttribute("aria-pressed", String(isOn()));
  button.addEventListener("click", () => {
    try {
      localStorage.setItem(KEY, isOn() ? "off" : "on");
    } catch {
      // Private windows may forbid storage: then the button has nothing to remember with.
    }
    show();
  });
  show();
  setInterval(() => {
    const list = document.querySelector(button.dataset.live);
    const isSelecting = !getSelection().isCollapsed;
    if (list && isOn() && !document.hidden && !isSelecting) list.dispatchEvent(new Event("refresh"));
  }, EVERY_MS);
}
