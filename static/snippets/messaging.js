// Messaging widget: place this after Zendesk's script.
const TOKEN_URL = "@token_url@";

async function fetchZendeskJwt() {
  // The Login JWT is in a cookie, which is sent only with credentials.
  const options = { credentials: "include", cache: "no-store" };
  const answer = await fetch(TOKEN_URL, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code} ${body.reason}: ${body.description}`);
  return body.token;
}

// Zendesk calls this when it connects and again during a chat; every call
// gets a new token. A token that arrives after the player has signed out
// is dropped, so that the next player is not taken for this one.
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

// Call this when the player signs out, before another player signs in.
function signOutOfChat() {
  turn += 1;
  zE("messenger", "logoutUser");
}

// Call this when another player takes over, after the cookie has changed.
function switchPlayerInChat() {
  signOutOfChat();
  signInToChat();
}
