// What the page asks of the device. A refusal is an ApiError that carries a sentence for people.

import { has, t } from "./i18n.js";

let csrf = "";
let whenOut = () => {};

/** What the device refused, and why. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(has(`error.${code}`) ? t(`error.${code}`) : message);
    this.status = status;
    this.code = code;
  }
}

/** Call this when the device asks for a login. */
export function onLoggedOut(then) {
  whenOut = then;
}

/** Ask; returns the answer's JSON, or null where it has none. */
export async function ask(method, path, body) {
  let answer = await send(method, path, body);
  if (answer.status === 403 && method !== "GET") { // a device that was restarted gives out other tokens
    await session();
    answer = await send(method, path, body);
  }
  if (!answer.ok) throw await fault(answer, path);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

async function send(method, path, body) {
  const request = { method, headers: {}, credentials: "same-origin" };
  if (method !== "GET") request.headers["X-CSRF-Token"] = csrf;
  if (body instanceof FormData) request.body = body;
  else if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, request);
  } catch {
    throw new ApiError(0, "offline", "The device does not answer.");
  }
}

async function fault(answer, path) {
  const { error = {} } = await answer.json().catch(() => ({}));
  if (answer.status === 401 && path !== "api/login") whenOut();
  return new ApiError(answer.status, error.code || String(answer.status), error.message || answer.statusText);
}

/** Ask who we are to the device; keeps the token that every change needs. */
export async function session() {
  const answer = await ask("GET", "api/session");
  csrf = answer.csrf || "";
  return answer;
}
