// Records a clip with the camera of this browser's device, not with the sign-edge's own.

import { el } from "./dom.js";
import { t } from "./i18n.js";

const LONGEST = 15; // seconds
const COUNTDOWN = 3;
const TYPES = ["video/webm;codecs=vp8", "video/mp4", "video/webm"]; // the first costs a phone least

/** Whether this browser lets a page record here; without HTTPS it does on its own machine only. */
export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** The camera's picture with start and stop; hands each clip to `taken`. */
export class Recorder {
  #stream = null;
  #recorder = null;
  #isClosed = false;

  /** Make it; nothing is filmed before `open`. */
  constructor(taken) {
    this.taken = taken;
    this.video = el("video", { class: "stage mirrored", playsinline: true, "aria-label": t("record.view") });
    this.video.muted = true;
    this.count = el("p", { class: "count", role: "status" });
    this.button = el("button", { type: "button", class: "primary", click: () => this.#press() }, t("record.start"));
    this.element = el("div", { class: "recorder" }, el("div", { class: "watch" }, this.video, this.count), el("div", { class: "row" }, this.button));
  }

  /** Open the camera; raises the browser's DOMException where it may not or cannot. */
  async open() {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" } });
    this.#stream = stream;
    if (this.#isClosed) this.close();
    this.video.srcObject = stream;
    await this.video.play();
  }

  /** Close the camera; its light goes out. */
  close() {
    this.#isClosed = true;
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
  }

  #press() {
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    else this.#record();
  }

  async #record() {
    this.button.disabled = true;
    for (let left = COUNTDOWN; left > 0 && !this.#isClosed; left -= 1) {
      this.count.textContent = left;
      await pause(1);
    }
    this.button.disabled = false;
    if (this.#isClosed) return;
    const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
    const pieces = [];
    const recorder = new MediaRecorder(this.#stream, { mimeType: type, videoBitsPerSecond: 2_500_000 });
    this.#recorder = recorder;
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => {
      this.button.textContent = t("record.again");
      this.count.textContent = "";
      if (!this.#isClosed) this.taken(new Blob(pieces, { type: recorder.mimeType }));
    };
    recorder.start();
    this.button.textContent = t("record.stop");
    for (let left = LONGEST; left > 0 && recorder.state === "recording"; left -= 1) {
      this.count.textContent = t("record.left", { n: left });
      await pause(1);
    }
    if (recorder.state === "recording") recorder.stop();
  }
}
