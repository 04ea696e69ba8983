// Chat Web SDK: put this behind Zendesk's own script.
const TOKEN_URL = "@token_url@";

async function fetchZendeskJwt() {
  // The Login JWT travels in its cookie, which the browser adds only when it is told to.
  const answer = await fetch(TOKEN_URL, { credentials: "include", cache: "no-store" });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code} ${body.reason}: ${body.description}`);
  return body.token;
}

// Zendesk calls this when it connects and again during a chat; every call gets a fresh token. A token that was still on
// its way when the player signed out is thrown away, so that the next one is never taken for the last one.
let turn = 0;
function giveZendeskJwt(callback) {
  const mine = turn;
  const give = (jwt) => mine === turn && callback(jwt);
  fetchZendeskJwt().then(give, (error) => console.warn("The chat stays anonymous:", error.message));
}

// Call this once the player has signed in.
function signInToChat() {
  turn += 1;
  zChat.init({ account_key: "@account_key@", authentication: { jwt_fn: giveZendeskJwt } });
}

// Call this when the player signs out, and wait for it before somebody else signs in.
async function signOutOfChat() {
  turn += 1;
  await new Promise((done) => {
    zChat.endChat(done);
    setTimeout(done, 3000); // where no chat was running, the SDK may not call back
  });
  zChat.logout();
}

// Call this when another player takes over, after the cookie has changed.
async function switchPlayerInChat() {
  await signOutOfChat();
  signInToChat();
}
