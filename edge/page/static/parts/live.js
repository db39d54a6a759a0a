// Live: what the device sees, what it makes of it, and what it says.

import { showBars } from "../bars.js";
import { el, icon, toggle } from "../dom.js";
import { clock, number, said, t } from "../i18n.js";
import { keep, recall } from "../memory.js";
import { Stage } from "../stage.js";
import { TimeLine } from "../timeline.js";

const KEPT = 50; // words in the list

/** Show it; returns what ends it. */
export function mount(root, page) {
  const stage = new Stage();
  const time = new TimeLine();
  const top = el("ol", { class: "bars" });
  const verdict = el("p", { class: "verdict" }, t("live.nothing_yet"));
  const caption = el("p", { class: "caption", "aria-live": "polite", "aria-atomic": "true" }, "");
  const sentence = el("p", { class: "sentence" });
  const voice = el("p", { class: "voice" });
  const words = el("ol", { class: "words", tabindex: "0", "aria-label": t("live.words") });
  const problems = el("div", { class: "problems", role: "status" });
  const figures = { fps: el("dd", {}, "–"), latency: el("dd", {}, "–"), state: el("dd", {}, "–"), model: el("dd", {}, "–") };
  const state = document.getElementById("state");
  let glosses = 0;
  let spelled = "";
  let isFresh = true; // whether the next word begins a sentence

  const isPictured = page.session.pictures && page.session.camera && recall("picture") === "1";
  const privacy = el("p", { class: "quiet" });
  const picture = toggle(t("live.picture"), isPictured, wantPicture);
  picture.querySelector("input").disabled = !page.session.pictures || !page.session.camera;
  const mirror = toggle(t("live.mirror"), true, (isOn) => stage.mirror(isOn));

  function wantPicture(isOn) {
    keep("picture", isOn ? "1" : "0");
    page.link.wantPicture(isOn);
    explain(isOn);
  }
  function explain(isOn) {
    if (!page.session.camera) privacy.textContent = t("live.no_camera");
    else if (!page.session.pictures) privacy.textContent = t("live.forbidden");
    else privacy.textContent = t(isOn ? "live.picture_on" : "live.picture_off");
  }
  function showState(message) {
    figures.state.textContent = state.textContent = t(`state.${message.state}`);
    state.dataset.state = message.state;
    state.hidden = false;
    figures.model.textContent = glosses ? t("live.knows", { model: message.model, n: glosses }) : message.model;
  }
  function showWord(text, sign) {
    caption.textContent = text;
    words.prepend(el("li", {}, el("time", {}, clock(sign.offset)), " ", el("span", { class: "word" }, sign.text)));
    while (words.children.length > KEPT) words.lastChild.remove();
    figures.latency.textContent = t("live.ms", { ms: number(sign.latency_ms) });
  }
  function showProblems(found) {
    problems.replaceChildren(...Object.entries(found).map(([area, text]) =>
      el("p", { class: "notice" }, el("strong", {}, `${t(`area.${area}`)}: `), el("span", {}, said(text)))));
  }

  const end = page.link.listen({
    hello(message) { glosses = message.glosses; showState(message); },
    state: showState,
    frame(message) {
      stage.show(message);
      time.tick(message.time);
      figures.fps.textContent = number(message.fps, 1);
    },
    segment(message) { time.segment(message); },
    top({ candidates, said: isSaid, reason }) {
      showBars(top, candidates, isSaid);
      verdict.textContent = isSaid ? t("live.said", { word: candidates[0]?.[1] }) : t(`reason.${reason || "unsure"}`);
      verdict.classList.toggle("said", isSaid);
      time.decide(isSaid ? candidates[0]?.[1] : "");
    },
    sign(message) {
      spelled = "";
      sentence.textContent = isFresh ? message.text : `${sentence.textContent} ${message.text}`;
      isFresh = false;
      showWord(message.text, message);
    },
    letter(message) {
      spelled = message.event_type === "del" ? spelled.slice(0, -1) : spelled + message.text;
      showWord(spelled, message);
    },
    utterance(message) {
      sentence.textContent = message.text;
      isFresh = true;
      spelled = "";
    },
    spoken({ text }) { voice.replaceChildren(icon("voice"), t("live.speaking", { text })); },
    problem({ type, ...found }) { showProblems(found); },
    link({ isUp }) { if (!isUp) stage.lose(); },
  });
  page.link.wantPicture(isPictured);
  explain(isPictured);

  root.append(
    problems,
    el("section", { class: "captions", "aria-label": t("live.captions") }, caption, el("div", {}, sentence, voice)),
    el("div", { class: "columns" },
      el("section", { "aria-label": t("live.sees") }, stage.element, time.element,
        el("div", { class: "row" }, picture, mirror), privacy),
      el("section", { "aria-labelledby": "guesses" },
        el("h2", { id: "guesses" }, t("live.guesses")), verdict, top,
        el("dl", { class: "figures" },
          ...Object.entries(figures).flatMap(([name, value]) => [el("div", {}, el("dt", {}, t(`live.${name}`)), value)])),
        el("h2", {}, t("live.words")), words)),
  );
  return () => {
    end();
    page.link.wantPicture(false);
    state.hidden = true;
    stage.close();
    time.close();
  };
}
