// Keeps a page current without moving it under a hand. A list (`data-news`) is told what it does not show yet and says so
// on a button, which swaps the list when it is pressed. A page of figures (`data-every`) swaps itself, when it has changed
// and nobody is pressing anything. Hidden tabs and paused ones ask nothing; a server that fails is asked less and less.
const KEY = "zdbridge-live";
const EVERY_S = 15;
const SLOWEST_S = 240;
const SAID_AGAIN_MS = 60_000;
// Some presses never become a click: they were drawn away, or ended elsewhere.
const NO_CLICK_MS = 400;
const CALM_MS = 1_000;

const toggle = document.querySelector("[data-live]");
const bar = toggle?.closest(".live");
const pill = bar?.querySelector("button[data-live-show]");
const said = bar?.querySelector("[data-live-said]");
const partOf = () => document.querySelector(toggle.dataset.live);

let told = "";
let failures = 0;
let askedAt = Date.now();
let movedAt = 0;
let saidAt = -SAID_AGAIN_MS;
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
// A press is lost when what it began on is another element by its end, so nothing is swapped between the two.
let isPressed = false;
let freed = [];
let letGo;

function press() {
  clearTimeout(letGo);
  isPressed = true;
}

function free() {
  isPressed = false;
  for (const go of freed.splice(0)) go();
}

function release(afterMs) {
  clearTimeout(letGo);
  letGo = setTimeout(free, afterMs);
}

addEventListener("pointerdown", press, true);
addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") press(); }, true);
addEventListener("click", (event) => { if (event.isTrusted) release(0); }, true);
for (const kind of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(kind, () => release(NO_CLICK_MS), true);
addEventListener("pointermove", () => { movedAt = Date.now(); }, { capture: true, passive: true });

const untilFree = () => (isPressed ? new Promise((go) => freed.push(go)) : Promise.resolve());

// Pages that swap themselves also leave alone what a pointer is just aiming at, and what is being marked to be copied.
async function untilCalm() {
  while (isPressed || Date.now() - movedAt < CALM_MS || !getSelection().isCollapsed) {
    await untilFree();
    await new Promise((go) => setTimeout(go, CALM_MS / 4));
  }
}

// --- what is shown -----------------------------------------------------------------------------------------------------
function show(state) {
  if (bar.dataset.state === state) return;
  bar.dataset.state = state;
  const line = bar.querySelector(`p.for-${state}`);
  if (line && state !== "fresh") say(line.textContent);
}

// Politely, and not with every row that arrives.
function say(words) {
  if (words && Date.now() - saidAt < SAID_AGAIN_MS) return;
  if (words) saidAt = Date.now();
  said.textContent = words;
}

function markFresh() {
  bar.querySelector("relative-time").setAttribute("datetime", new Date().toISOString());
}

function tell({ words, changed }) {
  pill.textContent = words;
  for (const row of partOf().querySelectorAll("tr.is-changed")) row.classList.remove("is-changed");
  for (const key of changed) document.getElementById(key)?.closest("tr")?.classList.add("is-changed");
  show(words ? "news" : "fresh");
  say(words);
}

// The focus and whatever has it keep their place on the screen; rows that were not there before are marked.
function swap(old, fresh) {
  const had = old.contains(document.activeElement) ? document.activeElement : null;
  const top = had?.getBoundingClientRect().top;
  const before = new Set([...old.querySelectorAll("td.who > a")].map((link) => link.id));
  for (const one of fresh.querySelectorAll("[hx-preserve]")) {
    const kept = document.getElementById(one.id);
    if (kept) one.replaceWith(kept);
  }
  const now = document.adoptNode(fresh);
  old.replaceWith(now);
  window.htmx?.process(now);
  if (before.size) {
    for (const link of now.querySelectorAll("td.who > a")) link.closest("tr").classList.toggle("is-new", !before.has(link.id));
  }
  if (!had) return;
  const again = had.isConnected ? had : had.id && document.getElementById(had.id);
  if (again) {
    again.focus({ preventScroll: true });
    scrollBy({ top: again.getBoundingClientRect().top - top, behavior: "instant" });
  } else firstOf(now)?.focus({ preventScroll: true });
}

const firstOf = (part) => part.querySelector("td.who > a") ?? part.querySelector("a, button");

// --- asking ------------------------------------------------------------------------------------------------------------
const ask = (address, headers) => fetch(address, { redirect: "manual", referrerPolicy: "no-referrer", headers });

// What an answer without news of its own means; true when the answer is one.
function isAnswer(answer) {
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

async function askNews(list) {
  const answer = await ask(list.dataset.news + (told ? `&told=${told}` : ""));
  if (!isAnswer(answer)) return;
  if (answer.status === 200) {
    const news = await answer.json();
    // The list may have been swapped meanwhile; then this is about another one.
    if (list !== partOf()) return;
    told = news.told;
    tell(news);
  }
  // Where the newest do not stand first, only the shown rows are asked about, and the list grows old.
  if (!told && !bar.querySelector("a[data-live-show]")) markFresh();
}

async function askWhole(part) {
  const answer = await ask(part.dataset.self, { "HX-Request": "true", ...(part.dataset.mark && { "If-None-Match": part.dataset.mark }) });
  if (!isAnswer(answer)) return;
  if (answer.status !== 304) {
    const fresh = parsed(await answer.text(), part.id);
    fresh.dataset.mark = answer.headers.get("ETag") ?? "";
    await untilCalm();
    if (part.isConnected) swap(part, fresh);
  }
  markFresh();
}

const parsed = (text, id) => new DOMParser().parseFromString(text, "text/html").getElementById(id);

async function look() {
  const part = partOf();
  if (!part || isBusy || isStopped()) return;
  isBusy = true;
  askedAt = Date.now();
  try {
    await (part.dataset.news ? askNews(part) : askWhole(part));
  } catch {
    failures += 1;
    if (!told) show("lost");
  } finally {
    isBusy = false;
    if (isShowWanted) showNews();
  }
}

const waitMs = () => Math.min((partOf()?.dataset.every ?? EVERY_S) * 2 ** failures, SLOWEST_S) * 1000;

function schedule() {
  clearTimeout(timer);
  if (document.hidden || !isOn() || isStopped()) return;
  timer = setTimeout(() => look().finally(schedule), Math.max(0, askedAt + waitMs() - Date.now()));
}

async function showNews() {
  const part = partOf();
  // A press while a question is under way is kept until the answer is there.
  isShowWanted = isBusy;
  if (isBusy || !part) return;
  isBusy = true;
  try {
    const answer = await ask(part.dataset.self, { "HX-Request": "true" });
    if (!isAnswer(answer)) return;
    const fresh = parsed(await answer.text(), part.id);
    await untilFree();
    swap(part, fresh);
    told = "";
    saidAt = -SAID_AGAIN_MS;
    said.textContent = "";
    // The button goes away with what it told of; whoever pressed it wants the list.
    const isOnButton = bar.contains(document.activeElement) && document.activeElement !== toggle;
    show("fresh");
    markFresh();
    if (isOnButton) firstOf(fresh)?.focus();
  } catch {
    location.assign(part.dataset.self);
  } finally {
    isBusy = false;
  }
}

if (toggle) {
  const draw = () => toggle.setAttribute("aria-pressed", String(isOn()));
  toggle.addEventListener("click", () => {
    try {
      localStorage.setItem(KEY, isOn() ? "off" : "on");
    } catch {
      // Private windows may forbid storage: then the button has nothing to remember with.
    }
    draw();
    schedule();
  });
  bar.addEventListener("click", (event) => {
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!event.target.closest("[data-live-show]") || !isPlain) return;
    event.preventDefault();
    showNews();
  });
  document.addEventListener("visibilitychange", schedule);
  // Whatever makes a part ask at once, instead of when its time has come.
  document.addEventListener("refresh", (event) => { if (event.target === partOf()) look().finally(schedule); }, true);
  draw();
  markFresh();
  schedule();
}
