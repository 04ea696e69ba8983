// Shared by both widgets: the elements of the page, and what the bridge's answers mean.
export const page = document.body.dataset;
export const at = (id) => document.getElementById(id);

export async function post(path, fields) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields ?? {}),
  });
}

export async function fetchZendeskJwt(askBridge) {
  let answer;
  try {
    answer = await askBridge();
  } catch {
    return { problem: "The bridge did not answer, or does not allow this page's origin." };
  }
  let body = {};
  try {
    body = await answer.json();
  } catch {
    return { problem: `The bridge answered ${answer.status} without JSON.` };
  }
  if (!answer.ok) return { problem: `The bridge answered ${answer.status}, code ${body.code}: ${body.description}` };
  return { jwt: body.token };
}

export function showMessages(list, messages) {
  list.replaceChildren(...messages.map((message) => {
    const item = document.createElement("li");
    item.dataset.from = message.from;
    item.textContent = message.text;
    return item;
  }));
  list.scrollTop = list.scrollHeight;
}
