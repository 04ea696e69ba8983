// Node 18 or newer with Express. Your server holds the player's Login JWT and asks zdbridge itself.
// The widget on your page then asks your server: put the address of this route into its snippet.
import express from "express";

const TOKEN_URL = "@token_url@";

export const router = express.Router();

router.get("/zendesk-token", async (request, response) => {
  // Yours: where your server keeps the player's Login JWT.
  const loginJwt = request.session.loginJwt;
  response.set("Cache-Control", "no-store");
  if (!loginJwt) {
    const signedOut = { code: "00-00", reason: "not_passed", description: "No player is signed in." };
    return response.status(401).json(signedOut);
  }
  const options = { headers: { Authorization: `Bearer ${loginJwt}` }, signal: AbortSignal.timeout(5000) };
  try {
    const answer = await fetch(TOKEN_URL, options);
    return response.status(answer.status).json(await answer.json());
  } catch (error) {
    console.warn("zdbridge did not answer:", error.message);
    const away = { code: "away", reason: "away", description: "Try again in a minute." };
    return response.status(503).json(away);
  }
});
