// The likeliest words as bars.

import { el } from "./dom.js";
import { percent, t } from "./i18n.js";

const OTHER = "other"; // the model's word for what is no sign that it knows

/** Fill an ordered list with [gloss, display, probability], best first. */
export function showBars(list, candidates, isSaid) {
  list.replaceChildren(...candidates.map(([gloss, display, probability], rank) => {
    const bar = el("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${100 * probability}%`;
    return el("li", { "data-gloss": gloss, class: rank === 0 && isSaid ? "said" : "" },
      el("span", { class: "word" }, gloss === OTHER ? t("page.unknown") : display), el("span", { class: "track" }, bar), el("span", { class: "share" }, percent(probability)));
  }));
}
