// Try a video: a file, or a clip of this browser's camera; what the device makes of it.

import { ask } from "../api.js";
import { showBars } from "../bars.js";
import { el, toast } from "../dom.js";
import { number, t } from "../i18n.js";
import { draw, frameOf } from "../player.js";
import { Recorder, canRecord } from "../recorder.js";
import { fromShoulders } from "../skeleton.js";

/** Show it; returns what ends it. */
export function mount(root, page) {
  let recorder = null;
  let address = "";
  let clip = null;
  let isOver = false;
  const file = el("input", { type: "file", id: "clip", accept: "video/*", class: "hidden", change: () => file.files[0] && choose(file.files[0], file.files[0].name) });
  const drop = el("label", { class: "drop", for: "clip", dragover: (event) => event.preventDefault(), drop: take },
    el("span", { class: "button" }, t("try.choose")), el("span", {}, t("try.drop")));
  const film = el("button", { type: "button", click: openCamera }, t("try.record"));
  const place = el("div");
  const chosen = el("p", { class: "chosen" });
  const preview = el("video", { class: "stage preview", controls: true, playsinline: true, hidden: true, "aria-label": t("try.preview"), error: unseen });
  preview.muted = true;
  const go = el("button", { type: "button", class: "primary", disabled: true, click: recognise }, t("try.go"));
  const status = el("p", { role: "status", class: "busy" });
  const results = el("div", { class: "results" });
  const { upload_mb: mb, upload_seconds: seconds } = page.session;

  function unseen() {
    preview.hidden = true; // the device reads more kinds of video than a browser
    if (preview.getAttribute("src")) chosen.append(` ${t("try.unseen")}`);
  }

  function take(event) {
    event.preventDefault();
    const [dropped] = event.dataTransfer.files;
    if (dropped) choose(dropped, dropped.name);
  }

  function choose(blob, name) {
    clip = blob;
    results.replaceChildren();
    chosen.textContent = t("try.chosen", { name, mb: number(blob.size / 1e6, 1) });
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(blob);
    preview.src = address;
    preview.hidden = false;
    go.disabled = false;
    go.focus();
  }

  async function openCamera() {
    if (!canRecord()) {
      toast(t("record.insecure"), true);
      return;
    }
    recorder?.close();
    recorder = new Recorder((blob) => choose(blob, t("try.recorded")));
    place.replaceChildren(recorder.element);
    try {
      await recorder.open();
      recorder.button.focus();
    } catch (error) {
      place.replaceChildren();
      toast(t(error.name === "NotAllowedError" ? "record.refused" : "record.missing"), true);
    }
  }

  async function recognise() {
    const form = new FormData();
    form.append("clip", clip, clip.name || "clip");
    go.disabled = true;
    status.textContent = t("try.working");
    const found = await page.attempt(() => ask("POST", "api/trial", form));
    if (isOver) return;
    status.textContent = "";
    go.disabled = false;
    if (found) showResults(results, found);
  }

  root.append(
    el("p", { class: "lead" }, t("try.lead")),
    el("p", { class: "quiet" }, [mb && t("try.limits", { mb, seconds }), t("try.deleted")].filter(Boolean).join(" ")),
    el("div", { class: "columns" },
      el("section", { "aria-label": t("try.clip") }, file, drop, el("div", { class: "row" }, film), place, chosen, preview,
        el("div", { class: "row" }, go), status),
      results),
  );
  return () => {
    isOver = true;
    recorder?.close();
    URL.revokeObjectURL(address);
  };
}

function showResults(root, found) {
  const bars = el("ol", { class: "bars" });
  const [best] = found.top;
  const title = el("h2", { tabindex: "-1" }, best ? t("try.best", { word: best[1] }) : t("try.none"));
  showBars(bars, found.top, false);
  const details = el("div", { class: "segment", "aria-live": "polite" });
  root.replaceChildren(
    title,
    el("p", {}, found.words.length ? t("try.words", { words: found.words.join(" ") }) : t("try.no_words")),
    el("p", { class: "quiet" }, t("try.whole")), bars,
    el("h2", {}, t("try.segments")), timeLine(found, details), details,
    el("h2", {}, t("try.key_frames")), keyFrames(found),
    el("p", { class: "quiet" }, t("try.facts", {
      seconds: number(found.seconds, 1), fps: number(found.fps), width: found.width, height: found.height, frames: number(found.frames) })),
  );
  title.focus();
}

/** The segments as buttons, each at its time; pressing one shows what it could be. */
function timeLine({ segments, seconds }, details) {
  if (!segments.length) return el("p", {}, t("try.no_segments"));
  const buttons = segments.map((segment) => {
    const [best] = segment.top;
    const word = segment.said ? best[1] : "?";
    const span = { from: number(segment.onset, 1), to: number(segment.offset, 1) };
    const label = segment.said ? t("try.segment", { word, ...span }) : t("try.unsaid", { why: t(`reason.${segment.reason}`), ...span });
    const button = el("button", { type: "button", class: segment.said ? "said" : "", "aria-pressed": "false", "aria-label": label, click: show }, word);
    button.style.left = `${(100 * segment.onset) / seconds}%`;
    button.style.width = `${(100 * (segment.offset - segment.onset)) / seconds}%`;
    function show() {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      const bars = el("ol", { class: "bars" });
      showBars(bars, segment.top, segment.said);
      details.replaceChildren(el("p", {}, label), bars);
    }
    return button;
  });
  return el("div", { class: "clipline" }, el("div", { class: "segments", role: "group", "aria-label": t("try.segments") }, ...buttons),
    el("p", { class: "scale", "aria-hidden": "true" }, el("span", {}, "0 s"), el("span", {}, `${number(seconds, 1)} s`)));
}

function keyFrames({ key_frames: moments, width, height }) {
  const poses = moments.map(({ points }) => fromShoulders(points, width / height));
  const view = frameOf(poses);
  return el("ul", { class: "moments" }, ...moments.map(({ time }, i) => {
    const label = t("try.moment", { seconds: number(time, 1) });
    const canvas = el("canvas", { class: "stage small", role: "img", "aria-label": label });
    new ResizeObserver(() => draw(canvas, [poses[i]], view)).observe(canvas);
    return el("li", {}, canvas, el("span", {}, `${number(time, 1)} s`));
  }));
}
