// Vue: call this once in the setup of your root component.
// playerId is a ref: the user ID of the signed-in player, null while nobody is signed in.
import { watch } from "vue";

const TOKEN_URL = "@token_url@";

async function fetchZendeskJwt() {
  // The Login JWT is in a cookie, which is sent only with credentials.
  const options = { credentials: "include", cache: "no-store" };
  const answer = await fetch(TOKEN_URL, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code} ${body.reason}: ${body.description}`);
  return body.token;
}

export function useSupportChat(playerId) {
  watch(
    playerId,
    (id, _before, onCleanup) => {
      if (!id) return;
      // A token that arrives after this player has signed out is dropped.
      let isCurrent = true;
      const giveZendeskJwt = (callback) => {
        fetchZendeskJwt().then(
          (jwt) => isCurrent && callback(jwt),
          (error) => console.warn("The chat stays anonymous:", error.message),
        );
      };
      zE("webWidget", "updateSettings", {
        webWidget: { authenticate: { chat: { jwtFn: giveZendeskJwt } } },
      });
      zE("webWidget", "chat:reauthenticate");
      onCleanup(() => {
        isCurrent = false;
        zE("webWidget", "logout");
      });
    },
    { immediate: true },
  );
}
