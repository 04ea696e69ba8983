// Messaging widget: put this behind Zendesk's own script.
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

// Call this once the player has signed in.
function signInToChat() {
  turn += 1;
  zE("messenger", "loginUser", giveZendeskJwt, (error) => {
    if (error) console.warn("Zendesk refused the sign-in:", error.reason, error.message);
  });
}

// Call this when the player signs out, before somebody else signs in.
function signOutOfChat() {
  turn += 1;
  zE("messenger", "logoutUser");
}

// Call this when another player takes over, after the cookie has changed.
function switchPlayerInChat() {
  signOutOfChat();
  signInToChat();
}
