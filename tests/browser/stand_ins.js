// Zendesk's side of a page, for the tests of the snippets: the calls that the real widgets document, played against the
// sandbox's widget service. What a person would see is in #who and #messages; every token taken is in `taken`.
window.taken = [];
window.refused = [];
let settings = window.zESettings;
let line = Promise.resolve(); // one thing after the other, as the real widgets queue their calls

const inTurn = (step) => {
  line = line.then(step);
  return line;
};

async function ask(path, fields, service = "widget") {
  const answer = await fetch(`/${service}/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields ?? {}),
  });
  return answer.json();
}

function show(state) {
  document.getElementById("who").textContent = state?.external_id ?? "";
  document.getElementById("visitor").textContent = state?.visitor_id ?? "";
  document.getElementById("messages").textContent = (state?.messages ?? []).map((one) => one.text).join("\n");
}

async function take(jwt) {
  window.taken.push(jwt);
  const state = await ask("authenticate", { jwt });
  if (!state.ok) window.refused.push(state.reason);
  show(state);
}

const begin = (accountKey, jwtFunction) =>
  inTurn(async () => {
    show(await ask("connect", accountKey ? { account_key: accountKey } : {}));
    jwtFunction((jwt) => inTurn(() => take(jwt)));
  });
const finish = () => inTurn(() => ask("end"));
const forget = () => inTurn(async () => show(await ask("logout").then(() => null)));

window.say = (text) => inTurn(async () => show(await ask("messages", { text })));

window.zChat = {
  init: (options) => begin(options.account_key, options.authentication.jwt_fn),
  endChat: (done) => finish().then(done),
  logout: forget,
};

function webWidget(call, changed) {
  if (call === "updateSettings") settings = changed;
  if (call !== "logout" && call !== "chat:reauthenticate") return;
  finish();
  forget();
  if (call === "chat:reauthenticate") {
    // The real one has ended the chat and logged out before it asks for a token again.
    begin("", settings.webWidget.authenticate.chat.jwtFn);
  }
}

// Messaging keeps its people in another service, whose judge the sandbox plays.
function messenger(call, jwtFunction, told) {
  if (call === "logoutUser") inTurn(async () => show((await ask("logout", {}, "messaging")).user));
  if (call === "loginUser") {
    jwtFunction((jwt) =>
      inTurn(async () => {
        window.taken.push(jwt);
        const state = await ask("login", { jwt }, "messaging");
        if (state.user) show(state.user);
        else window.refused.push(state.sandbox.reason);
        told?.(state.error ? { reason: state.error.code, message: state.error.description } : null);
      }),
    );
  }
}

window.zE = (widget, ...rest) => (widget === "messenger" ? messenger(...rest) : webWidget(...rest));
if (settings) begin("", settings.webWidget.authenticate.chat.jwtFn);
