// The panel inside Zendesk: asks Zendesk's client who the person is, asks zdbridge about that person, shows the answer.
// Nothing is stored in the browser, and no text becomes markup.
const panel = document.getElementById("panel");
const client = window.ZAFClient?.init() || null;

// What names the person, by the app's place. Zendesk answers the paths that it knows and leaves the others out.
const PATHS = {
  ticket_sidebar: { external_id: ["ticket.requester.externalId"], support_user_id: ["ticket.requester.id"] },
  user_sidebar: { external_id: ["user.externalId"], support_user_id: ["user.id"] },
  chat_sidebar: { external_id: ["visitor.external_id"], visitor_id: ["visitor.nick", "visitor.id", "visitor"] },
};
const EVENTS = {
  ticket_sidebar: ["ticket.requester.id.changed", "ticket.requester.externalId.changed", "app.activated"],
  user_sidebar: ["user.id.changed", "user.externalId.changed", "app.activated"],
  chat_sidebar: ["channel.chat.start", "visitor.display_name.changed", "visitor.email.changed"],
};
const PUBLISHER_SETTING = "publisher_account_url";
const ZENDESK_PATIENCE_MS = 5000;
const TRY_AGAIN_MS = 10000;
const COPIED_MS = 1500;

let location_ = panel.dataset.location;
let pass = panel.dataset.pass ?? "";
let person = null;
let turn = 0;
let timer = 0;

const parts = { card: document.getElementById("card"), limited: document.getElementById("limited") };
const notes = document.querySelectorAll("#said > .note");

function slot(name, within = panel) {
  return within.querySelector(`[data-slot="${name}"]`);
}

function showRow(name, isShown, within = panel) {
  within.querySelector(`[data-row="${name}"]`).hidden = !isShown;
}

function write(name, text) {
  slot(name).textContent = text ?? "";
  showRow(name, Boolean(text));
}

function link(name, address, within = panel) {
  const anchor = within.querySelector(`[data-link="${name}"]`);
  const isSafe = /^https?:\/\//.test(address ?? "");
  anchor.hidden = !isSafe;
  if (isSafe) anchor.href = address;
}

function say(id, text) {
  for (const note of notes) note.hidden = note.id !== id;
  if (text) document.querySelector(`#${id} span`).textContent = text;
}

function writeTime(element, iso) {
  const time = document.createElement("relative-time");
  time.setAttribute("datetime", iso);
  time.setAttribute("prefix", "");
  time.setAttribute("threshold", "P30D");
  time.textContent = new Date(iso).toLocaleString(document.documentElement.lang);
  element.replaceChildren(time);
}

function makeBadge(state) {
  const badge = document.createElement("span");
  badge.className = `state state-${state.tone}`;
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${panel.dataset.icons}#${state.icon}`);
  icon.append(use);
  badge.append(icon, state.word);
  return badge;
}

function cloneRow(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function makeConflict(conflict) {
  const row = cloneRow("conflict-row");
  slot("sentence", row).textContent = conflict.sentence;
  link("record", conflict.url, row);
  return row;
}

function makeOther(visitor) {
  const row = cloneRow("other-row");
  slot("title", row).textContent = visitor.name || visitor.visitor_id;
  const facts = slot("facts", row);
  const seen = document.createElement("span");
  writeTime(seen, visitor.last_seen_at);
  facts.replaceChildren(...(visitor.source ? [`${visitor.source} · `] : []), seen);
  slot("states", row).replaceChildren(...visitor.states.map(makeBadge));
  link("record", visitor.url, row);
  return row;
}

function makeNote(note) {
  const row = cloneRow("note-row");
  slot("text", row).textContent = note.text;
  slot("author", row).textContent = note.author;
  writeTime(slot("written", row), note.written_at);
  return row;
}

function makeLabel(label) {
  const chip = document.createElement("span");
  chip.className = `label label-${label.colour}`;
  const name = document.createElement("bdi");
  name.textContent = label.name;
  chip.append(name);
  return chip;
}

function showCard(card) {
  say("");
  panel.dataset.state = "card";
  slot("name").textContent = card.name;
  slot("nameless").hidden = Boolean(card.name);
  slot("states").replaceChildren(...card.states.map(makeBadge));
  slot("why").textContent = card.why;
  parts.card.dataset.trust = card.trust;
  for (const name of ["ban", "user_id", "email", "phone"]) write(name, card[name]);
  // A visitor's ID only helps where there is no player's.
  write("visitor_id", card.user_id ? "" : card.visitor_id);
  slot("conflicts").replaceChildren(...card.open_conflicts.map(makeConflict));
  showRow("conflicts", card.open_conflicts.length > 0);
  showRow("more_conflicts", card.open_conflicts_left_out > 0);
  link("publisher", card.publisher_account_url);
  link("record", card.record_url, parts.card.querySelector(".out"));
  if (card.last_token_at) writeTime(slot("last_token"), card.last_token_at);
  showRow("last_token", Boolean(card.last_token_at));
  showRow("no_token", Boolean(card.user_id) && !card.last_token_at);
  slot("labels").replaceChildren(...card.labels.map(makeLabel));
  showRow("labels", card.labels.length > 0);
  slot("notes").replaceChildren(...card.notes.map(makeNote));
  showRow("notes", card.notes.length > 0);
  showRow("more_notes", card.notes_left_out > 0);
  slot("others").replaceChildren(...card.other_visitors.map(makeOther));
  showRow("others", card.other_visitors.length > 0);
  showRow("more_others", card.other_visitors_left_out > 0);
  writeTime(slot("answered"), card.answered_at);
  parts.card.hidden = false;
  parts.limited.hidden = true;
}

async function showLimited(state) {
  panel.dataset.state = state;
  parts.card.hidden = true;
  const id = person?.external_id ?? "";
  write("zendesk_id", id);
  showRow("no_zendesk_id", !id);
  const template = client ? (await client.metadata()).settings?.[PUBLISHER_SETTING] ?? "" : "";
  // An ID of dots alone would climb in the address.
  const isPlaced = template.includes("{user_id}") && id.replaceAll(".", "") !== "";
  link("publisher_setting", isPlaced ? template.replaceAll("{user_id}", encodeURIComponent(id)) : "");
  parts.limited.hidden = false;
}

function readText(value) {
  return ["string", "number"].includes(typeof value) ? String(value) : "";
}

// The first path that has an answer. The visitor of a chat may come as an object, which names its ID in one of these.
function pick(answers, paths) {
  for (const path of paths) {
    const value = answers[path];
    const text = readText(value) || readText(value?.nick) || readText(value?.id);
    if (text) return text;
  }
  return "";
}

async function readPerson(event) {
  const wanted = PATHS[location_] ?? PATHS.ticket_sidebar;
  const paths = Object.values(wanted).flat();
  const answers = await client.get(paths);
  const found = {};
  for (const [key, names] of Object.entries(wanted)) found[key] = pick(answers, names);
  if (location_ === "chat_sidebar" && !found.visitor_id) found.visitor_id = readText(event?.nick);
  return found;
}

function isNobody(one) {
  return !Object.values(one).some(Boolean);
}

async function askCard(isRepeat) {
  const named = Object.fromEntries(Object.entries(person).filter(([, value]) => value));
  const response = await fetch(panel.dataset.card, {
    method: "POST",
    credentials: "omit",
    headers: { Authorization: `Bearer ${pass}`, "Content-Type": "application/json" },
    body: JSON.stringify({ ...named, is_repeat: isRepeat }),
  });
  const body = response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : {};
  return { status: response.status, body, retryAfterS: Number(response.headers.get("Retry-After")) || 0 };
}

function askLater(ms, isRepeat = true) {
  clearTimeout(timer);
  timer = setTimeout(() => look(isRepeat), ms);
}

async function look(isRepeat) {
  const mine = ++turn;
  clearTimeout(timer);
  let answer;
  try {
    answer = await askCard(isRepeat);
  } catch {
    answer = { status: 0, body: {}, retryAfterS: 0 };
  }
  // Someone else is asked about by now.
  if (mine !== turn) return;
  pass = answer.body.pass || pass;
  if (answer.status === 200) {
    showCard(answer.body);
    // Half of the pass's life: it is renewed in time, and what the agent sees is never older.
    askLater((Number(panel.dataset.passLifeS) * 1000) / 2);
  } else if (answer.status === 404 && answer.body.reason) {
    showUnknown(answer);
  } else if (answer.status === 401) {
    say("ended");
    showLimited("ended");
  } else {
    say("away");
    if (parts.card.hidden) showLimited("away");
    askLater(answer.retryAfterS * 1000 || TRY_AGAIN_MS, isRepeat);
  }
}

function showUnknown(answer) {
  say("unknown", answer.body.detail);
  showLimited(answer.body.reason);
  const isWaiting = answer.body.reason === "waiting";
  askLater(isWaiting ? answer.retryAfterS * 1000 : (Number(panel.dataset.passLifeS) * 1000) / 2);
}

async function update(event) {
  const found = await readPerson(event);
  const isSame = person !== null && JSON.stringify(found) === JSON.stringify(person);
  person = found;
  if (!panel.dataset.card) return showLimited("limited");
  if (isNobody(found)) {
    ++turn;
    clearTimeout(timer);
    say("nobody");
    panel.dataset.state = "nobody";
    parts.card.hidden = parts.limited.hidden = true;
    return;
  }
  if (isSame) return;
  parts.card.hidden = parts.limited.hidden = true;
  panel.dataset.state = "loading";
  say("loading");
  await look(false);
}

async function followTheme() {
  const apply = async () => {
    const { colorScheme } = await client.get(["colorScheme"]);
    if (["light", "dark"].includes(colorScheme)) document.documentElement.dataset.theme = colorScheme;
  };
  client.on("colorScheme.changed", apply);
  await apply();
}

function followHeight() {
  const fit = () => {
    const height = Math.ceil(panel.getBoundingClientRect().bottom);
    client.invoke("resize", { width: "100%", height: `${height}px` }).catch(() => {});
  };
  new ResizeObserver(fit).observe(panel);
}

async function copy(button) {
  const code = slot(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // A frame needs its parent's leave for the clipboard; a selection can be copied without.
    getSelection().selectAllChildren(code);
    if (!document.execCommand("copy")) return;
    getSelection().removeAllRanges();
  }
  const said = document.getElementById("copied");
  said.textContent = said.dataset.said;
  button.classList.add("is-done");
  setTimeout(() => {
    button.classList.remove("is-done");
    said.textContent = "";
  }, COPIED_MS);
}

panel.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) copy(button);
});
document.getElementById("again").addEventListener("click", () => look(false));

async function start() {
  // Zendesk answers at once or never; a page that is opened by itself has no Zendesk around it.
  const silence = setTimeout(() => say("stranded"), ZENDESK_PATIENCE_MS);
  const context = await client.context();
  clearTimeout(silence);
  location_ ||= context.location;
  followHeight();
  followTheme();
  for (const name of EVENTS[location_] ?? EVENTS.ticket_sidebar) client.on(name, update);
  await update();
}

if (client) start();
else if (panel.dataset.card) say("stranded");
