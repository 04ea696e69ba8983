// Node 18 or newer with Express. Your server holds the player's Login JWT and asks
// zdbridge itself. The widget on your page asks your server: put the address of this
// route into its snippet.
import express from "express";

const TOKEN_URL = "@token_url@";

function refuse(response, status, code, reason, description) {
  return response.status(status).json({ code, reason, description });
}

export const router = express.Router();

router.get("/zendesk-token", async (request, response) => {
  // Yours: where your server keeps the player's Login JWT.
  const loginJwt = request.session.loginJwt;
  response.set("Cache-Control", "no-store");
  if (!loginJwt) {
    return refuse(response, 401, "00-00", "not_passed", "No player is signed in.");
  }
  const options = {
    headers: { Authorization: `Bearer ${loginJwt}` },
    signal: AbortSignal.timeout(5000),
  };
  try {
    const answer = await fetch(TOKEN_URL, options);
    return response.status(answer.status).json(await answer.json());
  } catch (error) {
    console.warn("zdbridge did not answer:", error.message);
    return refuse(response, 503, "away", "away", "Try again in a minute.");
  }
});
