// Starts the page: who we are to the device, which language, which part.

import { ApiError, ask, onLoggedOut, session } from "./api.js";
import { el, icon, toast } from "./dom.js";
import { languages, preferred, t, use } from "./i18n.js";
import { Link } from "./link.js";
import { showLogin } from "./login.js";
import { keep } from "./memory.js";

const PARTS = ["live", "try", "dictionary", "practise", "teach", "settings"];
const main = document.getElementById("main");

/** What the parts share. */
const page = {
  session: null,
  link: new Link(() => login()),
  /** Do what may be refused, and say so where it is; returns its result, or undefined. */
  async attempt(doing) {
    try {
      return await doing();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, true);
      return undefined;
    }
  },
  async logOut() {
    await page.attempt(() => ask("POST", "api/logout"));
    location.reload();
  },
};
let leave = () => {};
let turn = 0;

function login() {
  leave();
  leave = () => {};
  turn += 1;
  document.getElementById("parts").hidden = document.getElementById("state").hidden = true;
  showLogin(main, start);
}

/** Show a part; a second one asked for meanwhile wins. */
async function show({ focus = true } = {}) {
  const [asked, detail] = location.hash.slice(1).split("/");
  const name = PARTS.includes(asked) ? asked : PARTS[0];
  const mine = (turn += 1);
  const part = await import(`./parts/${name}.js`);
  if (mine !== turn) return;
  leave();
  const title = el("h1", { tabindex: "-1" }, t(`${name}.title`));
  const root = el("div", { class: `part ${name}` }, title);
  main.replaceChildren(root);
  document.title = `${t(`${name}.title`)} – ${page.session.device}`;
  for (const link of document.querySelectorAll("#parts a")) {
    if (link.dataset.part === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  leave = part.mount(root, page, decodeURIComponent(detail || "")) || (() => {});
  if (focus) title.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function showParts() {
  const nav = document.getElementById("parts");
  nav.setAttribute("aria-label", t("page.parts"));
  nav.replaceChildren(...PARTS.map((name) =>
    el("a", { href: `#${name}`, "data-part": name }, icon(name), el("span", {}, t(`${name}.tab`)))));
  nav.hidden = false;
  document.getElementById("skip").textContent = t("page.skip");
}

async function chooseLanguage() {
  const known = await languages();
  const select = document.getElementById("language");
  await use(preferred(known, page.session.language));
  select.replaceChildren(...Object.entries(known).map(([code, name]) => el("option", { value: code, lang: code }, name)));
  select.value = document.documentElement.lang;
  document.getElementById("language-label").textContent = t("page.language");
  select.onchange = () => { keep("language", select.value); start({ focus: false }); };
}

async function start(how) {
  page.session = await session().catch(() => null);
  if (!page.session) {
    main.replaceChildren(el("p", { class: "notice" }, "…"));
    setTimeout(start, 2000);
    return;
  }
  await chooseLanguage();
  document.getElementById("device").textContent = page.session.device || "sign-edge";
  if (!page.session.authenticated) {
    login();
    return;
  }
  showParts();
  await show(how);
}

document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
window.addEventListener("hashchange", () => { if (page.session?.authenticated) show(); });
onLoggedOut(login);
start({ focus: false });
