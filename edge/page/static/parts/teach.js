// Teach: examples of a new word, recorded by countdown; each is seen, and kept or dropped.

import { ask } from "../api.js";
import { el } from "../dom.js";
import { number, said, t } from "../i18n.js";
import { Player } from "../player.js";
import { Stage } from "../stage.js";

const LEAST = 3; // examples of a word
const OVER = ["idle", "known"];

/** Show it; returns what ends it. */
export function mount(root, page) {
  let lesson = null;
  let end = () => {};
  const body = el("div");
  root.append(el("p", { class: "lead" }, t("teach.lead")), body);

  function showForm(note = "", isGood = false) {
    lesson?.close();
    lesson = null;
    const word = el("input", { id: "word", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none", "aria-describedby": "word-hint" });
    const spoken = el("input", { id: "spoken", maxlength: 200, autocomplete: "off", "aria-describedby": "spoken-hint" });
    const examples = el("input", { id: "examples", type: "number", min: 3, max: 10, value: 5, required: true });
    const countdown = el("input", { id: "countdown", type: "number", min: 0, max: 10, value: 3, required: true });
    body.replaceChildren(
      note ? el("p", { class: isGood ? "notice good" : "notice", role: "status" }, note) : "",
      el("form", { class: "card form", submit: (event) => {
        event.preventDefault();
        begin({ word: word.value.trim(), spoken: spoken.value.trim(), examples: Number(examples.value), countdown: Number(countdown.value) });
      } },
      el("label", { for: "word" }, t("teach.word")), word, el("p", { id: "word-hint", class: "quiet" }, t("teach.word_hint")),
      el("label", { for: "spoken" }, t("teach.spoken")), spoken, el("p", { id: "spoken-hint", class: "quiet" }, t("teach.spoken_hint")),
      el("div", { class: "row" },
        el("div", {}, el("label", { for: "examples" }, t("teach.examples")), examples),
        el("div", {}, el("label", { for: "countdown" }, t("teach.countdown")), countdown)),
      el("div", { class: "row" }, el("button", { class: "primary" }, t("teach.start")))));
  }

  async function begin(wanted) {
    const begun = await page.attempt(async () => { await ask("POST", "api/teach", wanted); return true; });
    if (begun) await look();
  }

  async function look() {
    const now = await page.attempt(() => ask("GET", "api/teach"));
    if (now && root.isConnected) show(now);
  }

  function show(now) {
    if (OVER.includes(now.state)) {
      if (!lesson && body.childElementCount) return; // the form is being filled in
      const isKnown = now.state === "known";
      const notes = [isKnown && t("teach.known", { word: now.word }), now.note && said(now.note)];
      showForm(lesson ? notes.filter(Boolean).join(" ") : "", isKnown);
      return;
    }
    lesson ??= new Lesson(body, page);
    lesson.show(now);
  }

  look().then(() => {
    if (!root.isConnected) return;
    end = page.link.listen({
      teach: ({ type, ...now }) => show(now),
      frame: (message) => lesson?.stage.show(message),
      link: ({ isUp }) => (isUp ? look() : lesson?.stage.lose()),
    });
  });
  return () => { end(); lesson?.close(); };
}

/** A lesson under way. */
class Lesson {
  #players = new Map();
  #count = 0;

  constructor(body, page) {
    this.page = page;
    this.stage = new Stage();
    this.title = el("h2", { tabindex: "-1" });
    this.prompt = el("p", { class: "verdict big", role: "status" });
    this.count = el("p", { class: "count", "aria-live": "assertive" });
    this.note = el("p", { class: "fault", role: "status" });
    this.dots = el("p", { class: "dots", role: "img" });
    this.examples = el("ul", { class: "examples" });
    this.finish = el("button", { type: "button", class: "primary", click: () => this.#do("POST", "api/teach/finish") }, t("teach.finish"));
    this.more = el("button", { type: "button", hidden: true, click: () => this.#do("POST", "api/teach/more", {}) }, t("teach.more"));
    const cancel = el("button", { type: "button", click: () => this.#do("DELETE", "api/teach") }, t("page.cancel"));
    this.stage.element.append(this.count);
    body.replaceChildren(this.title, this.prompt, this.dots, this.note,
      el("div", { class: "row" }, this.finish, this.more, cancel),
      el("div", { class: "columns" }, el("section", { "aria-label": t("practise.you") }, this.stage.element),
        el("section", { "aria-labelledby": "taken" }, el("h2", { id: "taken" }, t("teach.taken")), this.examples)));
    this.title.focus();
  }

  show(now) {
    this.title.textContent = t("teach.teaching", { word: now.word });
    this.prompt.textContent = t(now.state === "countdown" ? "teach.countdown_now" : `teach.${now.state}`);
    this.prompt.classList.toggle("said", now.state === "recording");
    this.note.textContent = now.note ? said(now.note) : "";
    this.dots.textContent = "●".repeat(now.have) + "○".repeat(Math.max(0, now.want - now.have));
    this.dots.setAttribute("aria-label", t("teach.progress", { have: now.have, want: now.want }));
    this.finish.disabled = now.have < LEAST;
    this.more.hidden = now.state !== "reviewing";
    this.#countDown(now);
    this.#list(now.examples);
  }

  close() {
    clearTimeout(this.#count);
    this.stage.close();
    for (const { player } of this.#players.values()) player?.close();
  }

  #countDown({ state, left }) {
    clearTimeout(this.#count);
    const isCounting = state === "countdown" && left > 0;
    this.count.textContent = isCounting ? Math.ceil(left) : "";
    if (isCounting) this.#count = setTimeout(() => this.#countDown({ state, left: Math.ceil(left) - 1 }), 1000);
  }

  #list(examples) {
    const there = new Set(examples.map(({ number: one }) => one));
    for (const [one, { player, element }] of this.#players) {
      if (there.has(one)) continue;
      player?.close();
      element.remove();
      this.#players.delete(one);
    }
    for (const example of examples) {
      if (!this.#players.has(example.number)) this.#add(example);
      this.#judge(example);
    }
  }

  async #add({ number: one, seconds }) {
    const address = `api/teach/examples/${one}`;
    const verdict = el("span");
    const keep = el("button", { type: "button", "aria-label": t("teach.keep_one", { number: one }), click: () => this.#do("PUT", address) }, t("teach.keep"));
    const drop = el("button", { type: "button", class: "danger", "aria-label": t("teach.drop_one", { number: one }), click: () => this.#do("DELETE", address) }, t("teach.drop"));
    const element = el("li", { class: "card", "data-number": one },
      el("p", {}, el("strong", {}, t("teach.example", { number: one })), ` · ${t("teach.seconds", { seconds: number(seconds, 1) })} · `, verdict),
      el("div", { class: "row" }, keep, drop));
    const entry = { element, verdict, keep, player: null };
    this.#players.set(one, entry);
    this.examples.append(element);
    const motion = await this.page.attempt(() => ask("GET", `api/teach/examples/${one}/motion`));
    if (!motion || !element.isConnected) return;
    entry.player = new Player(motion, t("teach.example", { number: one }));
    element.insertBefore(entry.player.element, element.lastChild);
  }

  /** Say whether the word would be known by an example; one that is odd may be kept all the same. */
  #judge({ number: one, good, note, keepable }) {
    const { verdict, keep } = this.#players.get(one);
    verdict.textContent = good ? t("teach.good") : `✗ ${said(note)}`;
    verdict.className = good ? "good" : "fault";
    keep.hidden = !keepable;
  }

  async #do(method, path, body) {
    await this.page.attempt(() => ask(method, path, body));
    const now = await this.page.attempt(() => ask("GET", "api/teach"));
    if (now && !OVER.includes(now.state)) this.show(now); // an end is told by the link
  }
}
