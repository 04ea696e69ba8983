// Zendesk's side of an app: posts the signed start into the frame, answers the app's questions, tells it of changes.
const data = JSON.parse(document.getElementById("data").textContent);
const frame = document.getElementById("app");
const personBox = document.getElementById("person");
const themeBox = document.getElementById("theme");
const subscriptions = new Set();

function person() {
  return data.people[Number(personBox.value)];
}

// What the client answers, by path. Other paths are errors, as in Zendesk.
function answer(path) {
  const one = person();
  const answers = { colorScheme: themeBox.value };
  if (data.location === "ticket_sidebar") {
    Object.assign(answers, { "ticket.requester.id": one.id, "ticket.requester.externalId": one.externalId, "ticket.requester.name": one.name });
  } else if (data.location === "user_sidebar") {
    Object.assign(answers, { "user.id": one.id, "user.externalId": one.externalId, "user.name": one.name });
  } else {
    answers.visitor = { nick: one.nick, display_name: one.label };
  }
  return answers[path];
}

function send(message) {
  frame.contentWindow.postMessage(JSON.stringify(message), data.bridge);
}

function tell(name, message) {
  if (subscriptions.has(name)) send({ key: `zaf.${name}`, message });
}

function handle(question) {
  const { id, request, params } = question;
  if (request === "get") {
    const result = { errors: {} };
    for (const path of params) {
      const value = answer(path);
      if (value === undefined) result.errors[path] = { message: `No such Api: "${path}"` };
      else result[path] = value;
    }
    send({ id, result });
  } else if (request === "invoke") {
    const [options] = params.resize ?? [];
    if (options) frame.style.height = options.height;
    send({ id, result: { errors: {} } });
  }
}

addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow || event.origin !== data.bridge) return;
  const message = JSON.parse(event.data);
  if (message.key === "iframe.handshake") {
    subscriptions.clear();
    const context = { product: data.location === "chat_sidebar" ? "chat" : "support", location: data.location };
    send({ key: "zaf.app.registered", message: { metadata: { settings: data.settings }, context } });
  } else if (message.key?.startsWith("iframe.on:")) {
    subscriptions.add(message.key.slice("iframe.on:".length));
  } else if (message.request) {
    handle(message);
  }
});

personBox.addEventListener("change", () => {
  const one = person();
  const names = {
    ticket_sidebar: ["ticket.requester.id.changed", "ticket.requester.externalId.changed"],
    user_sidebar: ["user.id.changed", "user.externalId.changed"],
    chat_sidebar: ["channel.chat.start"],
  };
  for (const name of names[data.location]) tell(name, data.location === "chat_sidebar" ? { nick: one.nick } : one.id);
});

themeBox.addEventListener("change", () => {
  document.documentElement.dataset.theme = themeBox.value;
  tell("colorScheme.changed", themeBox.value);
});

document.getElementById("begin").submit();
