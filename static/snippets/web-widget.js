// Web Widget (Classic): put this before Zendesk's own script.
const TOKEN_URL = "@token_url@";

async function fetchZendeskJwt() {
  // The Login JWT travels in its cookie, which is sent only when asked for.
  const asked = { credentials: "include", cache: "no-store" };
  const answer = await fetch(TOKEN_URL, asked);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code} ${body.reason}: ${body.description}`);
  return body.token;
}

// Zendesk calls this when it connects and again during a chat; every call
// gets a fresh token. One that was still on its way when the player signed
// out is thrown away, so that nobody is ever taken for the last player.
let turn = 0;
function giveZendeskJwt(callback) {
  const mine = turn;
  fetchZendeskJwt().then(
    (jwt) => mine === turn && callback(jwt),
    (error) => console.warn("The chat stays anonymous:", error.message),
  );
}

const chatSettings = { webWidget: { authenticate: { chat: { jwtFn: giveZendeskJwt } } } };
window.zESettings = chatSettings;

// Call this once the player has signed in without the page loading again.
function signInToChat() {
  turn += 1;
  zE("webWidget", "updateSettings", chatSettings);
  zE("webWidget", "chat:reauthenticate");
}

// Call this when the player signs out, before somebody else signs in.
function signOutOfChat() {
  turn += 1;
  zE("webWidget", "logout");
}

// Call this when another player takes over, after the cookie has changed.
function switchPlayerInChat() {
  signOutOfChat();
  signInToChat();
}
