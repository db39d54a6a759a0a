// What the camera sees now: the skeleton, and the picture below it where that is wanted.

import { el } from "./dom.js";
import { t } from "./i18n.js";
import { LEFT_SHOULDER, LEFT_WRIST, RIGHT_SHOULDER, RIGHT_WRIST, distance, drawFigure, fresh } from "./skeleton.js";

const NEAR = 0.5; // shoulder width, as a share of the picture's, beyond which hands leave it
const FAR = 0.1; // below which fingers are a few pixels only
const EDGE = 0.02;
const ARCHIVE_ASPECT = 4 / 3; // of landmarks that come without a picture
const SLOW = 1500; // milliseconds that an advice stays at least

/** Draws frames of the link and says how to stand better. */
export class Stage {
  #advice = "";
  #since = 0;
  #last = null;

  /** Make it; mirrored like a mirror at first. */
  constructor() {
    this.canvas = el("canvas", { class: "stage mirrored", role: "img", "aria-label": t("stage.label") });
    this.note = el("p", { class: "advice", role: "status" }, t("stage.waiting"));
    this.element = el("div", { class: "watch" }, this.canvas, this.note);
    this.watcher = new ResizeObserver(() => this.#last && this.#draw(this.#last));
    this.watcher.observe(this.canvas);
  }

  /** Mirror it or not: in this browser only, the device sees what the camera sees. */
  mirror(isMirrored) {
    this.canvas.classList.toggle("mirrored", isMirrored);
  }

  /** Show a frame; `frame.picture` is its picture or missing. */
  show(frame) {
    this.#last = { ...frame, picture: null }; // the picture lives as long as this call only
    this.#draw(frame);
    this.#advise(frame.points);
  }

  /** Say that nothing comes. */
  lose() {
    this.note.textContent = t("stage.lost");
    this.#advice = "";
  }

  /** End for good. */
  close() {
    this.watcher.disconnect();
  }

  #draw({ points, width: w, height: h, picture }) {
    const { context, width, height } = fresh(this.canvas);
    const aspect = w && h ? w / h : ARCHIVE_ASPECT;
    const fit = Math.min(width, height * aspect);
    const [left, top] = [(width - fit) / 2, (height - fit / aspect) / 2];
    if (picture) context.drawImage(picture, left, top, fit, fit / aspect);
    const place = ([x, y]) => [left + x * fit, top + (y * fit) / aspect];
    const [one, other] = [points[LEFT_SHOULDER], points[RIGHT_SHOULDER]];
    const unit = one && other ? distance(place(one), place(other)) : fit / 6;
    drawFigure(context, points, place, Math.min(Math.max(unit, fit / 12), fit / 3));
  }

  #advise(points) {
    const advice = adviceOn(points);
    const now = performance.now();
    if (advice === this.#advice || now - this.#since < SLOW) return;
    this.#advice = advice;
    this.#since = now;
    this.note.textContent = t(`stage.${advice}`);
  }
}

function adviceOn(points) {
  const [left, right] = [points[LEFT_SHOULDER], points[RIGHT_SHOULDER]];
  if (!left || !right) return "nobody";
  const width = distance(left, right);
  if (width > NEAR) return "near";
  if (width < FAR) return "far";
  const isOut = (point) => point && (point[0] < EDGE || point[0] > 1 - EDGE);
  return isOut(points[LEFT_WRIST]) || isOut(points[RIGHT_WRIST]) ? "edge" : "good";
}
