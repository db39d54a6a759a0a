// Dictionary: every sign the device knows, as a moving skeleton, and how well it is recognised.

import { ask } from "../api.js";
import { ask as confirm, el, toast, toggle } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { Player } from "../player.js";
import { matching } from "../search.js";

/** Show it, opened at a gloss where there is one; returns what ends it. */
export function mount(root, page, gloss) {
  let signs = [];
  let player = null;
  let isTaughtOnly = false;
  let turn = 0;
  const search = el("input", { type: "search", id: "search", autocomplete: "off", placeholder: t("dictionary.placeholder"), input: list });
  const count = el("p", { class: "quiet", role: "status" });
  const names = el("ul", { class: "signs" });
  const detail = el("section", { class: "detail card", "aria-label": t("dictionary.sign"), hidden: true });
  const columns = el("div", { class: "columns wide-left" },
    el("section", { "aria-label": t("dictionary.list") },
      el("label", { for: "search" }, t("dictionary.search")), search,
      toggle(t("dictionary.taught_only"), false, (isOn) => { isTaughtOnly = isOn; list(); }), count, names),
    detail);

  function list() {
    const found = matching(signs, search.value).filter((sign) => sign.taught || !isTaughtOnly);
    count.textContent = t("dictionary.count", { n: found.length });
    names.replaceChildren(...found.map((sign) => el("li", {},
      el("button", { type: "button", "data-gloss": sign.gloss, click: () => open(sign) },
        el("span", { class: "word" }, sign.display), sign.taught ? el("span", { class: "tag" }, t("dictionary.taught")) : null))));
  }

  async function open(sign) {
    const mine = (turn += 1);
    player?.close();
    player = null;
    history.replaceState(null, "", `#dictionary/${encodeURIComponent(sign.gloss)}`);
    const motion = sign.motion && await page.attempt(() => ask("GET", `api/signs/${encodeURIComponent(sign.gloss)}/motion`));
    if (mine !== turn) return;
    player = motion ? new Player(motion, t("player.label", { word: sign.display })) : null;
    const title = el("h2", { tabindex: "-1" }, sign.display);
    detail.replaceChildren(
      el("button", { type: "button", class: "back", click: close }, `← ${t("dictionary.back")}`),
      title,
      player?.element ?? el("p", {}, t("dictionary.no_motion")),
      ...describe(sign),
      el("div", { class: "row" },
        el("a", { class: "button primary", href: `#practise/${encodeURIComponent(sign.gloss)}` }, t("dictionary.practise")),
        sign.taught ? el("button", { type: "button", class: "danger", click: () => forget(sign) }, t("dictionary.forget")) : null));
    detail.hidden = false;
    columns.classList.add("opened");
    title.focus({ preventScroll: true });
    if (getComputedStyle(detail).position !== "sticky") detail.scrollIntoView(); // on a phone it is all there is
  }

  function close() {
    const wanted = detail.querySelector("h2")?.textContent;
    player?.close();
    player = null;
    detail.hidden = true;
    columns.classList.remove("opened");
    history.replaceState(null, "", "#dictionary");
    const button = [...names.querySelectorAll("button")].find((one) => one.firstChild.textContent === wanted);
    (button || search).focus();
  }

  function describe(sign) {
    const { accuracy, confused, threshold, examples, spoken, display } = sign;
    const facts = [];
    if (sign.taught) facts.push(el("p", {}, t("dictionary.examples", { n: examples ?? 0 })));
    if (accuracy) {
      const meter = el("meter", { min: 0, max: 1, value: accuracy.top1, low: 0.6, high: 0.8, optimum: 1, "aria-label": t("dictionary.recognised") });
      facts.push(el("p", {}, t("dictionary.accuracy", { share: percent(accuracy.top1), n: accuracy.clips })), meter);
    } else if (!sign.taught) facts.push(el("p", {}, t("dictionary.unmeasured")));
    if (confused.length) {
      facts.push(el("h3", {}, t("dictionary.confused")), el("ul", { class: "chips" }, ...confused.map(([other, shown, times]) => {
        const known = signs.find((one) => one.gloss === other);
        const text = `${shown} (${number(times)})`;
        return el("li", {}, known ? el("button", { type: "button", click: () => open(known) }, text) : el("span", { class: "chip" }, other === "other" ? t("dictionary.unknown", { times }) : text));
      })));
    }
    facts.push(el("p", { class: "quiet" }, [
      spoken !== display ? t("dictionary.spoken", { spoken }) : "",
      threshold === null || threshold === undefined ? "" : t("dictionary.threshold", { share: percent(threshold) })].join(" ")));
    return facts;
  }

  async function forget(sign) {
    if (!await confirm(t("dictionary.forget_sure", { word: sign.display }), t("dictionary.forget"), t("page.cancel"))) return;
    const done = await page.attempt(async () => { await ask("DELETE", `api/signs/${encodeURIComponent(sign.gloss)}`); return true; });
    if (!done) return;
    toast(t("dictionary.forgotten", { word: sign.display }));
    close();
    await load();
  }

  async function load() {
    signs = await page.attempt(() => ask("GET", "api/signs")) || [];
    list();
  }

  root.append(el("p", { class: "lead" }, t("dictionary.lead")), columns);
  load().then(() => {
    const wanted = signs.find((sign) => sign.gloss === gloss);
    if (wanted && root.isConnected) open(wanted);
  });
  return () => { turn += 1; player?.close(); };
}
