// Practise: watch a sign, sign it to the device's camera, hear how close it was; one sign or a list.

import { ask } from "../api.js";
import { el } from "../dom.js";
import { percent, said, t } from "../i18n.js";
import { Player } from "../player.js";
import { matching } from "../search.js";
import { Stage } from "../stage.js";

const OTHER = "other"; // the model's word for what is no sign that it knows
const BY_CHANCE = 5;

/** Show it, with a sign picked where there is one; returns what ends it. */
export function mount(root, page, gloss) {
  let signs = [];
  let picked = new Set(gloss ? [gloss] : []);
  let round = null;
  const body = el("div");
  root.append(el("p", { class: "lead" }, t("practise.lead")), body);

  function choose() {
    const search = el("input", { type: "search", id: "search", autocomplete: "off", placeholder: t("dictionary.placeholder"), input: list });
    const names = el("ul", { class: "signs picks" });
    const count = el("p", { role: "status" });
    const go = el("button", { type: "button", class: "primary", click: begin }, t("practise.start"));

    function list() {
      names.replaceChildren(...matching(signs, search.value).map((sign) => el("li", {},
        el("button", { type: "button", "data-gloss": sign.gloss, "aria-pressed": String(picked.has(sign.gloss)), click: (event) => pick(sign, event.currentTarget) }, sign.display))));
      tell();
    }
    function pick(sign, button) {
      if (!picked.delete(sign.gloss)) picked.add(sign.gloss);
      button.setAttribute("aria-pressed", String(picked.has(sign.gloss)));
      tell();
    }
    function tell() {
      const words = [...picked].map((one) => signs.find((sign) => sign.gloss === one).display);
      count.textContent = words.length ? t("practise.picked", { n: words.length, words: words.join(", ") }) : t("practise.none");
      go.disabled = !words.length;
    }
    function chance() {
      const some = [...signs].sort(() => Math.random() - 0.5).slice(0, BY_CHANCE);
      picked = new Set(some.map((sign) => sign.gloss));
      list();
    }
    body.replaceChildren(
      el("div", { class: "card" }, count, el("div", { class: "row" }, go,
        el("button", { type: "button", click: chance }, t("practise.chance", { n: BY_CHANCE })),
        el("button", { type: "button", click: () => { picked = new Set(); list(); } }, t("practise.clear")))),
      el("label", { for: "search" }, t("practise.choose")), search, names);
    list();
  }

  async function begin() {
    const glosses = [...picked]; // in the order in which they were picked
    const begun = await page.attempt(() => (glosses.length > 1
      ? ask("POST", "api/practice/list", { glosses }) : ask("POST", "api/practice", { gloss: glosses[0] })));
    if (begun && root.isConnected) round = new Round(body, page, signs, stop);
  }

  async function stop() {
    round?.close();
    round = null;
    await page.attempt(() => ask("DELETE", "api/practice"));
    if (root.isConnected) choose();
  }

  page.attempt(() => ask("GET", "api/signs")).then((found) => {
    signs = (found || []).sort((a, b) => a.display.localeCompare(b.display));
    picked = new Set([...picked].filter((one) => signs.some((sign) => sign.gloss === one)));
    if (root.isConnected) choose();
  });
  return () => { if (round) stop(); };
}

/** Practice under way: the wanted sign on one side, the signer on the other. */
class Round {
  #player = null;
  #wanted = "";
  #asked = 0;

  constructor(body, page, signs, stop) {
    Object.assign(this, { page, signs });
    this.stage = new Stage();
    this.word = el("h2", { tabindex: "-1", class: "wanted" });
    this.help = el("div");
    this.verdict = el("p", { class: "verdict big", role: "status" }, t("practise.sign_now"));
    this.hint = el("p", {});
    this.streak = el("p", { class: "streak" });
    this.tries = el("ol", { class: "tries", reversed: true });
    const show = el("button", { type: "button", "aria-expanded": "true", click: () => {
      this.help.hidden = !this.help.hidden;
      show.setAttribute("aria-expanded", String(!this.help.hidden));
      show.textContent = t(this.help.hidden ? "practise.show" : "practise.hide");
    } }, t("practise.hide"));
    body.replaceChildren(
      this.verdict, this.hint,
      el("div", { class: "columns" },
        el("section", { class: "card", "aria-label": t("practise.wanted") }, this.word, this.help, el("div", { class: "row" }, show)),
        el("section", { class: "card", "aria-label": t("practise.you") }, el("h2", {}, t("practise.you")), this.stage.element)),
      el("div", { class: "row" }, this.streak, el("button", { type: "button", click: stop }, t("practise.stop"))),
      el("h2", {}, t("practise.tries")), this.tries);
    this.end = page.link.listen({
      frame: (message) => this.stage.show(message),
      top: () => this.look(),
      sign: () => this.look(),
      link: ({ isUp }) => (isUp ? this.look() : this.stage.lose()),
    });
    this.look(true);
  }

  close() {
    this.#asked = Infinity;
    this.end();
    this.stage.close();
    this.#player?.close();
  }

  async look(isFirst = false) {
    const mine = (this.#asked += 1);
    const now = await this.page.attempt(() => ask("GET", "api/practice"));
    if (!now || mine !== this.#asked) return;
    if (now.gloss !== this.#wanted) this.want(now.gloss, isFirst);
    this.streak.textContent = t("practise.streak", { streak: now.streak, best: now.best_streak });
    this.tries.replaceChildren(...now.tries.slice().reverse().map((one) => el("li", { class: one.is_right ? "right" : "" }, sentence(one))));
    const last = now.tries.at(-1);
    if (!last) return;
    this.verdict.textContent = sentence(last);
    this.verdict.classList.toggle("said", last.is_right);
    this.hint.textContent = last.hint ? said(last.hint) : "";
  }

  async want(gloss, isFirst) {
    this.#wanted = gloss;
    this.#player?.close();
    this.#player = null;
    const sign = this.signs.find((one) => one.gloss === gloss);
    this.word.textContent = sign?.display ?? t("practise.all_done");
    this.help.replaceChildren();
    if (!sign) return;
    if (isFirst) this.word.focus();
    const motion = sign.motion && await this.page.attempt(() => ask("GET", `api/signs/${encodeURIComponent(gloss)}/motion`));
    if (!motion || this.#wanted !== gloss || this.#asked === Infinity) return;
    this.#player = new Player(motion, t("player.label", { word: sign.display }));
    this.help.replaceChildren(this.#player.element);
  }
}

function sentence({ gloss, display, p, rank, is_right: isRight }) {
  if (isRight) return `✓ ${t("practise.right", { word: display, share: percent(p) })}`;
  const seen = gloss && gloss !== OTHER ? t("practise.wrong", { word: display, share: percent(p) }) : t("practise.unseen");
  return `✗ ${seen} ${rank ? t("practise.rank", { rank }) : t("practise.unranked")}`;
}
