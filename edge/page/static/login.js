// Asks for the page's password.

import { ApiError, ask } from "./api.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";

/** Show the form in `root`; `then` is called once the device has let us in. */
export function showLogin(root, then) {
  const password = el("input", { type: "password", id: "password", autocomplete: "current-password", required: true, "aria-describedby": "refusal" });
  const refusal = el("p", { id: "refusal", class: "fault", role: "alert" });
  const form = el("form", { class: "card narrow", submit: send },
    el("h1", {}, t("login.title")),
    el("p", {}, t("login.why")),
    el("label", { for: "password" }, t("login.password")), password, refusal,
    el("button", { class: "primary" }, t("login.enter")));
  root.replaceChildren(form);
  document.title = t("login.title");
  password.focus();

  async function send(event) {
    event.preventDefault();
    refusal.textContent = "";
    try {
      await ask("POST", "api/login", { password: password.value });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refusal.textContent = error.status === 401 ? t("login.wrong") : error.message;
      password.select();
      return;
    }
    then();
  }
}
