// Keeps a page current without moving anything under the pointer. A list (`data-news`) polls for rows it does not show yet
// and offers them on a button, which swaps the list when pressed. A page of figures (`data-every`) swaps itself when it has
// changed and no button is being pressed. Hidden and paused tabs do not poll; a failing server is polled less and less.
const KEY = "zdbridge-live";
const EVERY_S = 15;
const SLOWEST_S = 240;
const ANNOUNCE_AGAIN_MS = 60_000;
// Some presses never become a click, because the pointer is dragged away before its release.
const NO_CLICK_MS = 400;
const CALM_MS = 1_000;

const toggle = document.querySelector("[data-live]");
const bar = toggle?.closest(".live");
const pill = bar?.querySelector("button[data-live-show]");
const announcement = bar?.querySelector("[data-live-said]");
const findPart = () => document.querySelector(toggle.dataset.live);

let newsMark = "";
let failures = 0;
let requestedAt = Date.now();
let movedAt = 0;
let announcedAt = -ANNOUNCE_AGAIN_MS;
let isBusy = false;
let isShowWanted = false;
let timer;

function isOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

// --- presses -----------------------------------------------------------------------------------------------------------
// A press is lost when its element is replaced before the release, so nothing is swapped in between.
let isPressed = false;
let waiters = [];
let releaseTimer;

function press() {
  clearTimeout(releaseTimer);
  isPressed = true;
}

function free() {
  isPressed = false;
  for (const resolve of waiters.splice(0)) resolve();
}

function release(afterMs) {
  clearTimeout(releaseTimer);
  releaseTimer = setTimeout(free, afterMs);
}

addEventListener("pointerdown", press, true);
addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") press(); }, true);
addEventListener("click", (event) => { if (event.isTrusted) release(0); }, true);
for (const kind of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(kind, () => release(NO_CLICK_MS), true);
addEventListener("pointermove", () => { movedAt = Date.now(); }, { capture: true, passive: true });

const waitUntilFree = () => (isPressed ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve());

// Pages that swap themselves also wait while the pointer moves and while text is selected.
async function waitUntilCalm() {
  while (isPressed || Date.now() - movedAt < CALM_MS || !getSelection().isCollapsed) {
    await waitUntilFree();
    await new Promise((resolve) => setTimeout(resolve, CALM_MS / 4));
  }
}

// --- what is shown -----------------------------------------------------------------------------------------------------
function show(state) {
  if (bar.dataset.state === state) return;
  bar.dataset.state = state;
  const line = bar.querySelector(`p.for-${state}`);
  if (line && state !== "fresh") announce(line.textContent);
}

// Screen readers hear of news at most once a minute, not with every new row.
function announce(words) {
  if (words && Date.now() - announcedAt < ANNOUNCE_AGAIN_MS) return;
  if (words) announcedAt = Date.now();
  announcement.textContent = words;
}

function markFresh() {
  bar.querySelector("relative-time").setAttribute("datetime", new Date().toISOString());
}

function showNewsButton({ words, changed }) {
  pill.textContent = words;
  for (const row of findPart().querySelectorAll("tr.is-changed")) row.classList.remove("is-changed");
  for (const key of changed) {
    const row = document.getElementById(key)?.closest("tr");
    row?.classList.add("is-changed");
    row?.querySelector(".when")?.setAttribute("data-changed", findPart().dataset.changed);
  }
  show(words ? "news" : "fresh");
  announce(words);
}

// The focused element keeps the focus and its place on the screen; new rows are marked.
function swap(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const top = focused?.getBoundingClientRect().top;
  const before = new Set([...old.querySelectorAll("td.who > a")].map((link) => link.id));
  for (const part of fresh.querySelectorAll("[hx-preserve]")) {
    const current = document.getElementById(part.id);
    if (current) part.replaceWith(current);
  }
  // What a person opened or closed stays so; what nobody touched follows the page.
  for (const part of old.querySelectorAll("details[data-was]")) {
    const next = part.open !== (part.dataset.was === "open") && fresh.querySelector(`#${CSS.escape(part.id)}`);
    if (next) next.open = part.open;
  }
  const now = document.adoptNode(fresh);
  old.replaceWith(now);
  window.htmx?.process(now);
  now.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  if (before.size) {
    for (const link of now.querySelectorAll("td.who > a")) link.closest("tr").classList.toggle("is-new", !before.has(link.id));
  }
  if (!focused) return;
  const target = focused.isConnected ? focused : focused.id && document.getElementById(focused.id);
  if (target) {
    target.focus({ preventScroll: true });
    scrollBy({ top: target.getBoundingClientRect().top - top, behavior: "instant" });
  } else findFirstLink(now)?.focus({ preventScroll: true });
}

const findFirstLink = (part) => part.querySelector("td.who > a") ?? part.querySelector("a, button");

// --- requests ----------------------------------------------------------------------------------------------------------
const request = (address, headers) => fetch(address, { redirect: "manual", referrerPolicy: "no-referrer", headers });

// Reacts to the status of an answer; returns whether its body can be used.
function acceptAnswer(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 401) return stop("signed-out");
  if ([400, 403, 404].includes(answer.status)) return stop("stopped");
  if (!answer.ok && answer.status !== 304) throw new Error(`status ${answer.status}`);
  failures = 0;
  if (bar.dataset.state === "lost") show("fresh");
  return true;
}

function stop(state) {
  show(state);
  return false;
}

const isStopped = () => ["signed-out", "stopped"].includes(bar.dataset.state);

async function fetchNews(list) {
  const answer = await request(list.dataset.news + (newsMark ? `&mark=${newsMark}` : ""));
  if (!acceptAnswer(answer)) return;
  if (answer.status === 200) {
    const news = await answer.json();
    // If the list was swapped in the meantime, this answer is about the old one.
    if (list !== findPart()) return;
    newsMark = news.mark;
    showNewsButton(news);
  }
  // When the newest rows are not first, only changes of the shown rows are polled, so the list does not count as current.
  if (!newsMark && !bar.querySelector("a[data-live-show]")) markFresh();
}

async function fetchPart(part) {
  const answer = await request(part.dataset.self, { "HX-Request": "true", ...(part.dataset.mark && { "If-None-Match": part.dataset.mark }) });
  if (!acceptAnswer(answer)) return;
  if (answer.status !== 304) {
    const fresh = parsePart(await answer.text(), part.id);
    fresh.dataset.mark = answer.headers.get("ETag") ?? "";
    await waitUntilCalm();
    if (part.isConnected) swap(part, fresh);
  }
  markFresh();
}

const parsePart = (text, id) => new DOMParser().parseFromString(text, "text/html").getElementById(id);

async function poll() {
  const part = findPart();
  if (!part || isBusy || isStopped()) return;
  isBusy = true;
  requestedAt = Date.now();
  try {
    await (part.dataset.news ? fetchNews(part) : fetchPart(part));
  } catch {
    failures += 1;
    if (!newsMark) show("lost");
  } finally {
    isBusy = false;
    if (isShowWanted) showNews();
  }
}

const computeWaitMs = () => Math.min((findPart()?.dataset.every ?? EVERY_S) * 2 ** failures, SLOWEST_S) * 1000;

function schedule() {
  clearTimeout(timer);
  if (document.hidden || !isOn() || isStopped()) return;
  timer = setTimeout(() => poll().finally(schedule), Math.max(0, requestedAt + computeWaitMs() - Date.now()));
}

async function showNews() {
  const part = findPart();
  // A press during a request is remembered until its answer arrives.
  isShowWanted = isBusy;
  if (isBusy || !part) return;
  isBusy = true;
  try {
    const answer = await request(part.dataset.self, { "HX-Request": "true" });
    if (!acceptAnswer(answer)) return;
    const fresh = parsePart(await answer.text(), part.id);
    await waitUntilFree();
    swap(part, fresh);
    newsMark = "";
    announcedAt = -ANNOUNCE_AGAIN_MS;
    announcement.textContent = "";
    // The button disappears together with its news, so the focus moves on to the list.
    const isOnButton = bar.contains(document.activeElement) && document.activeElement !== toggle;
    show("fresh");
    markFresh();
    if (isOnButton) findFirstLink(fresh)?.focus();
  } catch {
    location.assign(part.dataset.self);
  } finally {
    isBusy = false;
  }
}

if (toggle) {
  const showToggle = () => toggle.setAttribute("aria-pressed", String(isOn()));
  toggle.addEventListener("click", () => {
    try {
      localStorage.setItem(KEY, isOn() ? "off" : "on");
    } catch {
      // Private windows may forbid storage: then the choice is not remembered.
    }
    showToggle();
    schedule();
  });
  bar.addEventListener("click", (event) => {
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!event.target.closest("[data-live-show]") || !isPlain) return;
    event.preventDefault();
    showNews();
  });
  document.addEventListener("visibilitychange", schedule);
  // A "refresh" event on the part polls at once.
  document.addEventListener("refresh", (event) => { if (event.target === findPart()) poll().finally(schedule); }, true);
  showToggle();
  markFresh();
  schedule();
}
