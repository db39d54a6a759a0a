// The last seconds: when somebody signed, and what it was taken for.

import { el } from "./dom.js";
import { number, t } from "./i18n.js";
import { fresh } from "./skeleton.js";

const SPAN = 12; // seconds

/** A strip that moves on with the source's clock. */
export class TimeLine {
  #stretches = [];
  #now = 0;

  /** Start empty. */
  constructor() {
    this.canvas = el("canvas", { class: "strip", role: "img", "aria-label": t("timeline.label", { seconds: SPAN }) });
    this.text = el("p", { class: "signing" }, t("timeline.rest"));
    this.element = el("div", { class: "timeline" }, this.text, this.canvas);
    this.watcher = new ResizeObserver(() => this.#draw());
    this.watcher.observe(this.canvas);
  }

  /** A sign has begun or ended. */
  segment({ state, onset }) {
    const last = this.#stretches.at(-1);
    if (state === "signing") this.#stretches.push({ onset: onset ?? this.#now, offset: null, word: "" });
    else if (last && last.offset === null) last.offset = this.#now;
    this.#tell();
  }

  /** The newest sign was taken for a word, or for none where it is empty. */
  decide(word) {
    const last = this.#stretches.at(-1);
    if (last) last.word = word || "?";
  }

  /** Move on to a time, in seconds. */
  tick(time) {
    if (time < this.#now) this.#stretches = []; // the source has begun again
    this.#now = time;
    this.#stretches = this.#stretches.filter(({ offset }) => offset === null || offset > time - SPAN);
    this.#tell();
    this.#draw();
  }

  /** End for good. */
  close() {
    this.watcher.disconnect();
  }

  #tell() {
    const last = this.#stretches.at(-1);
    const isSigning = last && last.offset === null;
    this.text.textContent = isSigning
      ? t("timeline.signing", { seconds: number(Math.max(0, this.#now - last.onset), 1) }) : t("timeline.rest");
    this.text.classList.toggle("on", Boolean(isSigning));
  }

  #draw() {
    const { context, width, height } = fresh(this.canvas);
    const x = (time) => width * (1 - (this.#now - time) / SPAN);
    context.font = `600 ${Math.round(height * 0.5)}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    for (const { onset, offset, word } of this.#stretches) {
      const [left, right] = [x(onset), x(offset ?? this.#now)];
      context.fillStyle = offset === null ? "#ffb454" : "#6cc5ff";
      context.fillRect(left, 0, Math.max(3, right - left), height);
      if (!word) continue;
      const from = Math.max(0, left) + height * 0.2;
      if (from + context.measureText(word).width > right) continue; // it fits a moment later, or no more
      context.fillStyle = "#10181f";
      context.fillText(word, from, height / 2);
    }
  }
}
