// Asks the bridge who the signed-in player is. The answer is a Zendesk JWT
// for whatever widget you have.
const TOKEN_URL = "@token_url@";

async function fetchZendeskJwt() {
  // The Login JWT travels in its cookie, which is sent only when asked for.
  const asked = { credentials: "include", cache: "no-store" };
  const answer = await fetch(TOKEN_URL, asked);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code} ${body.reason}: ${body.description}`);
  return body.token;
}
