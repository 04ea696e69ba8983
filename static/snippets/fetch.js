// Asks the bridge who the signed-in player is. The answer is a Zendesk JWT
// for any widget.
const TOKEN_URL = "@token_url@";

async function fetchZendeskJwt() {
  // The Login JWT is in a cookie, which is sent only with credentials.
  const options = { credentials: "include", cache: "no-store" };
  const answer = await fetch(TOKEN_URL, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code} ${body.reason}: ${body.description}`);
  return body.token;
}
