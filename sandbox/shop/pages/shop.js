// The widget stand-in: gets a Zendesk JWT from the bridge as the guide's snippet does, and hands it to the sandbox,
// which judges it as Zendesk would.
import { at, fetchZendeskJwt, page, post, showMessages } from "./bridge.js";

const REAUTHENTICATE_MS = 240_000; // the real widget asks again during a session; a Zendesk JWT lives seven minutes at most
let timer = 0;

async function call(path, fields) {
  const answer = await post(path, fields);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.description);
  return body;
}

function showState(state, reason) {
  const status = at("chat-status");
  status.dataset.authenticated = String(state.authenticated);
  status.textContent = state.authenticated ? `✓ Authenticated as ${state.name}` : "✗ Not authenticated: the chat is anonymous";
  at("chat-reason").textContent = reason;
  at("chat-facts").hidden = false;
  at("visitor-id").textContent = state.visitor_id;
  at("external-id").textContent = state.external_id || "none";
  showMessages(at("messages"), state.messages);
}

function setOpen(open) {
  at("open-chat").disabled = open;
  for (const id of ["message", "send", "end-chat"]) at(id).disabled = !open;
  at("message").placeholder = open ? "Write to support" : "Open the chat to write";
}

async function authenticate(state) {
  if (page.signedIn !== "true") return [state, "Nobody is signed in."];
  const { jwt, problem } = await fetchZendeskJwt(() => fetch(page.bridge + "/generate/token", { credentials: "include" }));
  if (problem) return [state, problem];
  const verdict = await call("/widget/authenticate", { jwt });
  const notes = verdict.notes.length ? ` (${verdict.notes.join("; ")})` : "";
  return [verdict, verdict.ok ? `Zendesk accepted the token${notes}.` : `Zendesk refused the token, ${verdict.reason}: ${verdict.description}`];
}

async function openChat() {
  at("open-chat").disabled = true;
  at("chat-status").textContent = "Connecting…";
  try {
    const connected = await call("/widget/connect", { account_key: page.accountKey });
    showState(...await authenticate(connected));
    setOpen(true);
    clearInterval(timer);
    timer = setInterval(async () => showState(...await authenticate(await call("/widget/connect"))), REAUTHENTICATE_MS);
  } catch (error) {
    at("chat-status").textContent = "The chat could not be opened.";
    at("chat-reason").textContent = error.message;
    at("open-chat").disabled = false;
  }
}

async function endChat() {
  clearInterval(timer);
  const ended = await call("/widget/end");
  setOpen(false);
  showMessages(at("messages"), []);
  at("chat-status").dataset.authenticated = "";
  at("chat-status").textContent = ended.chat_id ? "The chat has ended. Support can see it now." : "The chat is closed; nothing was written.";
  at("chat-reason").textContent = ended.chat_id ? `Chat ${ended.chat_id}` : "";
  at("chat-reason").dataset.chatId = ended.chat_id ?? "";
  at("open-chat").focus();
}

at("open-chat").addEventListener("click", openChat);
// Not before: a press that came earlier would be lost.
at("open-chat").disabled = false;
at("end-chat").addEventListener("click", endChat);
at("message-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = at("message");
  const text = field.value;
  if (!text.trim()) return;
  field.value = "";
  try {
    showMessages(at("messages"), (await call("/widget/messages", { text })).messages);
  } catch (error) {
    field.value = text;
    at("chat-reason").textContent = error.message;
  }
  field.focus();
});
if (page.chatting === "true") openChat();
