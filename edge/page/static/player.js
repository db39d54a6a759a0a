// A moving skeleton with its controls: play, speed, mirror, and a slider through the frames.

import { el, toggle } from "./dom.js";
import { t } from "./i18n.js";
import { UPPER, drawFigure, drawTrail, fresh } from "./skeleton.js";

const REST = 0.7; // seconds between two rounds
const TRAIL = 8; // frames
const SPEEDS = [1, 0.5, 0.25];
const LEAST = { left: -1.5, right: 1.5, top: -1.3, bottom: 1.6 }; // shoulder widths always in view

/** Whether somebody has asked their system for less movement. */
export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Plays `motion` ({fps, points}, in shoulder widths from between the shoulders). */
export class Player {
  #frame = 0;
  #speed = SPEEDS[0];
  #timer = 0;
  #isMirrored = false;

  /** Make it; `label` says what is shown to those who do not see it. */
  constructor(motion, label) {
    this.motion = motion;
    this.canvas = el("canvas", { class: "stage", role: "img", "aria-label": label });
    this.play = el("button", { type: "button", click: () => (this.#timer ? this.stop() : this.start()) });
    this.slider = el("input", {
      type: "range", min: 0, max: motion.points.length - 1, value: 0, "aria-label": t("player.frame"),
      input: () => { this.stop(); this.#show(Number(this.slider.value)); },
    });
    const speed = el("select", { "aria-label": t("player.speed"), change: () => { this.#speed = Number(speed.value); } },
      ...SPEEDS.map((value) => el("option", { value }, `${value} ×`)));
    const mirror = toggle(t("player.mirror"), false, (isOn) => { this.#isMirrored = isOn; this.#show(this.#frame); });
    this.element = el("figure", { class: "player" }, this.canvas,
      el("div", { class: "row tight" }, this.play, this.slider, speed, mirror));
    this.view = frameOf(motion.points);
    this.watcher = new ResizeObserver(() => this.#show(this.#frame));
    this.watcher.observe(this.canvas);
    if (isStill()) this.stop();
    else this.start();
  }

  /** Play on. */
  start() {
    this.play.textContent = t("player.pause");
    const step = () => {
      const isLast = this.#frame >= this.motion.points.length - 1;
      this.#show(isLast ? 0 : this.#frame + 1);
      const isEnd = this.#frame === this.motion.points.length - 1;
      this.#timer = setTimeout(step, 1000 * ((isEnd ? REST : 0) + 1 / (this.motion.fps * this.#speed)));
    };
    this.#timer = setTimeout(step, 0);
  }

  /** Hold still. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.play.textContent = t("player.play");
  }

  /** End for good. */
  close() {
    clearTimeout(this.#timer);
    this.watcher.disconnect();
  }

  #show(frame) {
    this.#frame = frame;
    this.slider.value = frame;
    this.slider.setAttribute("aria-valuetext", t("player.at", { at: frame + 1, of: this.motion.points.length }));
    draw(this.canvas, this.motion.points.slice(Math.max(0, frame - TRAIL), frame + 1), this.view, this.#isMirrored);
  }
}

/** Draw the last of some poses, framed by `view`, and the way that its hands have gone. */
export function draw(canvas, poses, view, isMirrored = false) {
  const { context, width, height } = fresh(canvas);
  const unit = Math.min(width / (view.right - view.left), height / (view.bottom - view.top));
  const middle = [(view.left + view.right) / 2, (view.top + view.bottom) / 2];
  const side = isMirrored ? -1 : 1;
  const at = ([x, y]) => [width / 2 + side * (x - middle[0]) * unit, height / 2 + (y - middle[1]) * unit];
  drawTrail(context, poses, at, unit);
  drawFigure(context, poses.at(-1), at, unit);
}

/** Find what must be in view for a figure's upper half to be seen throughout. */
export function frameOf(frames) {
  const view = { ...LEAST };
  for (const points of frames) {
    for (const index of UPPER) {
      if (!points[index]) continue;
      const [x, y] = points[index];
      view.left = Math.min(view.left, x - 0.2);
      view.right = Math.max(view.right, x + 0.2);
      view.top = Math.min(view.top, y - 0.4);
      if (index >= 33) view.bottom = Math.max(view.bottom, y + 0.2); // hips may leave the picture
    }
  }
  return view;
}
