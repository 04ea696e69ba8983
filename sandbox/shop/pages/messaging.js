// The Messaging widget's stand-in: `loginUser` hands the bridge's JWT to the sandbox, which judges it as Zendesk would.
// Writing opens a conversation; handed to agents, it becomes a ticket and a Support user.
import { at, fetchZendeskJwt, page, post, showMessages } from "./bridge.js";

const LOOK_AGAIN_MS = 1_000; // the ticket can come later than the message
let timer = 0;

async function call(path, fields) {
  const answer = fields === undefined ? await fetch(path) : await post(path, fields);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error.description);
  return body;
}

function showState(state) {
  const status = at("messaging-status");
  status.dataset.authenticated = String(state.authenticated);
  status.textContent = state.authenticated ? `✓ Authenticated as ${state.name}` : "✗ Not authenticated: the conversation is anonymous";
  at("messaging-facts").hidden = false;
  at("messaging-user-id").textContent = state.messaging_user_id;
  at("messaging-external-id").textContent = state.external_id || "none";
  at("ticket-id").textContent = state.ticket_id || "none";
  showSupportUser(state.support_user_id);
  showMessages(at("messaging-messages"), state.messages);
  at("hand-over").disabled = !state.is_talking || state.is_handed_over;
  clearTimeout(timer);
  if (state.is_handed_over && !state.ticket_id) timer = setTimeout(lookAgain, LOOK_AGAIN_MS);
}

function showSupportUser(id) {
  const link = at("support-user-id");
  link.textContent = id || "none";
  if (id) link.href = `/support/agent/users/${id}`;
  else link.removeAttribute("href");
}

async function lookAgain() {
  showState(await call("/messaging/messages"));
}

async function loginUser() {
  if (page.signedIn !== "true") return "Nobody is signed in.";
  const address = `${page.bridge}/generate/token/${page.messagingSlug}`;
  const { jwt, problem } = await fetchZendeskJwt(() => fetch(address, { credentials: "include" }));
  if (problem) return problem;
  const answer = await post("/messaging/login", { jwt });
  const body = await answer.json();
  if (answer.ok) {
    showState(body);
    return "Zendesk accepted the token.";
  }
  const rule = body.sandbox ?? { reason: "error", description: body.error.description };
  return `Zendesk refused the token (${answer.status}), ${rule.reason}: ${rule.description}`;
}

async function openMessaging() {
  at("open-messaging").disabled = true;
  at("messaging-status").textContent = "Connecting…";
  try {
    showState(await call("/messaging/connect", {}));
    at("messaging-reason").textContent = await loginUser();
    for (const id of ["messaging-message", "messaging-send"]) at(id).disabled = false;
    at("messaging-message").placeholder = "Write to support";
  } catch (error) {
    at("messaging-status").textContent = "Messaging could not be opened.";
    at("messaging-reason").textContent = error.message;
    at("open-messaging").disabled = false;
  }
}

async function change(path, fields) {
  try {
    showState(await call(path, fields));
    return true;
  } catch (error) {
    at("messaging-reason").textContent = error.message;
    return false;
  }
}

at("open-messaging").addEventListener("click", openMessaging);
// Not before: a press that came earlier would be lost.
at("open-messaging").disabled = false;
at("hand-over").addEventListener("click", () => change("/messaging/hand_over", {}));
at("messaging-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = at("messaging-message");
  if (!field.value.trim()) return;
  if (await change("/messaging/messages", { text: field.value })) field.value = "";
  field.focus();
});
if (page.talking === "true") openMessaging();
