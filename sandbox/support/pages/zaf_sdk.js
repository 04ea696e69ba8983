// The stand-in of Zendesk's script for apps: the same names and promises, over messages to the page around the frame.
(() => {
  const PATIENCE_MS = 5000;

  function makeClient(origin, appGuid) {
    const handlers = {};
    const pending = new Map();
    let next = 0;
    let registered = null;
    const waiting = [];

    const post = (message) => parent.postMessage(JSON.stringify({ ...message, appGuid }), origin);
    const whenReady = (job) => (registered ? job() : waiting.push(job));

    addEventListener("message", (event) => {
      if (event.origin !== origin || event.source !== parent) return;
      const message = JSON.parse(event.data);
      if (message.id && pending.has(message.id)) {
        pending.get(message.id)(message.result);
        pending.delete(message.id);
      } else if (message.key === "zaf.app.registered") {
        registered = message.message;
        for (const job of waiting.splice(0)) job();
        for (const handler of handlers["app.registered"] ?? []) handler(registered);
      } else if (message.key?.startsWith("zaf.")) {
        for (const handler of handlers[message.key.slice("zaf.".length)] ?? []) handler(message.message);
      }
    });

    const request = (name, params) =>
      new Promise((resolve, reject) => {
        const id = ++next;
        pending.set(id, resolve);
        setTimeout(() => pending.delete(id) && reject(new Error(`${name} request timeout`)), PATIENCE_MS);
        whenReady(() => post({ id, request: name, params }));
      });

    post({ key: "iframe.handshake", message: { version: "sandbox" } });
    return {
      get: (paths) => request("get", [paths].flat()),
      invoke: (action, ...parameters) => request("invoke", { [action]: parameters }),
      on(name, handler) {
        (handlers[name] ??= []).push(handler);
        whenReady(() => post({ key: `iframe.on:${name}`, message: { subscriberCount: handlers[name].length } }));
      },
      metadata: () => new Promise((resolve) => whenReady(() => resolve(registered.metadata))),
      context: () => new Promise((resolve) => whenReady(() => resolve(registered.context))),
    };
  }

  window.ZAFClient = {
    init() {
      const query = new URLSearchParams(location.search);
      const origin = query.get("origin");
      const appGuid = query.get("app_guid");
      return origin && appGuid ? makeClient(origin, appGuid) : false;
    },
  };
})();
