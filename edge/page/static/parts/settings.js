// Settings and health: the settings of MQTT, what is wrong and what to do, figures, and the log.

import { ask } from "../api.js";
import { ask as confirm, el, toast, toggle } from "../dom.js";
import { clock, has, number, said, t } from "../i18n.js";

const EVERY = 5000; // milliseconds between two looks at the health
const MINUTES = 5;
const COMMANDS = ["pause", "resume", "repeat", "test_sound", "reload", "restart"];
const ASKED_TWICE = ["restart"];

/** Show it; returns what ends it. */
export function mount(root, page) {
  const settings = el("div", { class: "settings-list" });
  const problems = el("div", { class: "problems", role: "status" });
  const figures = el("dl", { class: "figures" });
  const logs = el("ol", { class: "logs", tabindex: "0", "aria-label": t("settings.logs", { n: MINUTES }) });
  const text = el("input", { id: "say", maxlength: 200, autocomplete: "off", required: true });
  let timer = 0;

  async function loadSettings() {
    const all = await page.attempt(() => ask("GET", "api/settings"));
    if (all) settings.replaceChildren(...all.map((setting) => control(setting, put)));
  }
  async function put(name, value) {
    const done = await page.attempt(() => ask("PUT", `api/settings/${encodeURIComponent(name)}`, { value }));
    if (done) toast(t("settings.kept", { name: nameOf(name) }));
    else await loadSettings();
  }
  async function command(name, argument = "") {
    if (ASKED_TWICE.includes(name) && !await confirm(t("settings.restart_sure"), t("command.restart"), t("page.cancel"))) return;
    const done = await page.attempt(async () => { await ask("POST", "api/command", { name, argument }); return true; });
    if (done) toast(t("settings.done", { name: t(`command.${name}`) }));
    await loadSettings();
  }
  async function defaults() {
    if (!await confirm(t("settings.defaults_sure"), t("settings.defaults"), t("page.cancel"))) return;
    await page.attempt(() => ask("POST", "api/settings/defaults"));
    await loadSettings();
  }
  async function look() {
    clearTimeout(timer);
    if (!document.hidden) {
      const [health, entries] = await Promise.all([
        page.attempt(() => ask("GET", "api/health")), page.attempt(() => ask("GET", `api/logs?minutes=${MINUTES}`))]);
      if (!root.isConnected) return;
      if (health) showHealth(health);
      if (entries) showLogs(logs, entries);
    }
    timer = setTimeout(look, EVERY);
  }
  function showHealth({ problems: found, stats, uptime }) {
    const texts = found.map(({ area, text: what, advice }) => [t(`area.${area}`), said(what), has(`advice.${area}`) ? t(`advice.${area}`) : advice]);
    const shown = JSON.stringify(texts);
    if (problems.dataset.shown !== shown) { // told once, not every few seconds
      problems.dataset.shown = shown;
      problems.replaceChildren(...(texts.length
        ? texts.map(([area, what, advice]) => el("div", { class: "notice" }, el("p", {}, el("strong", {}, `${area}: `), what), advice ? el("p", {}, `→ ${advice}`) : null))
        : [el("p", { class: "notice good" }, t("settings.healthy"))]));
    }
    figures.replaceChildren(...rows({ ...stats, uptime }).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }

  root.append(
    el("section", { "aria-labelledby": "health" }, el("h2", { id: "health" }, t("settings.health")), problems, figures),
    el("section", { "aria-labelledby": "choices" }, el("h2", { id: "choices" }, t("settings.settings")),
      el("p", { class: "quiet" }, t("settings.as_mqtt")), settings,
      el("div", { class: "row" }, el("button", { type: "button", click: defaults }, t("settings.defaults")))),
    el("section", { "aria-labelledby": "orders" }, el("h2", { id: "orders" }, t("settings.commands")),
      el("div", { class: "row" }, ...COMMANDS.map((name) => el("button", { type: "button", "data-command": name, click: () => command(name) }, t(`command.${name}`)))),
      el("form", { class: "say", submit: (event) => { event.preventDefault(); command("say", text.value.trim()); } },
        el("label", { for: "say" }, t("settings.say")), el("div", { class: "row" }, text, el("button", {}, t("command.say"))))),
    el("section", { "aria-labelledby": "log" }, el("h2", { id: "log" }, t("settings.logs", { n: MINUTES })), logs),
    el("p", { class: "row" },
      el("a", { href: "metrics" }, t("settings.metrics")), el("a", { href: "healthz" }, t("settings.healthz")),
      page.session.needs_login ? el("button", { type: "button", click: () => page.logOut() }, t("settings.log_out")) : null),
    el("p", { class: "quiet" }, t("settings.version", { version: page.session.version })),
  );
  loadSettings();
  look();
  return () => clearTimeout(timer);
}

const nameOf = (name) => (has(`setting.${name}`) ? t(`setting.${name}`) : name);
const optionOf = (name, option) => (has(`option.${name}.${option}`) ? t(`option.${name}.${option}`) : option);

/** One setting with what changes it. */
function control({ name, value, kind, min, max, step, options, unit }, put) {
  const id = `setting-${name}`;
  const hint = has(`setting.${name}.hint`) ? el("p", { class: "quiet", id: `${id}-hint` }, t(`setting.${name}.hint`)) : null;
  const described = hint && `${id}-hint`;
  if (kind === "switch") {
    const box = toggle(nameOf(name), value === true || value === "ON", (isOn) => put(name, isOn ? "ON" : "OFF"));
    box.querySelector("input").id = id;
    return el("div", { class: "setting" }, box, hint);
  }
  const label = el("label", { for: id }, nameOf(name));
  if (kind === "select") {
    const select = el("select", { id, "aria-describedby": described, change: () => put(name, select.value) },
      ...options.map((option) => el("option", { value: option }, optionOf(name, option))));
    select.value = value;
    return el("div", { class: "setting" }, label, select, hint);
  }
  const isNumber = kind === "number";
  const field = el("input", { id, type: isNumber ? "number" : "text", min, max, step: isNumber ? step ?? "any" : null, value, "aria-describedby": described,
    change: () => { if (field.reportValidity()) put(name, field.value); } });
  return el("div", { class: "setting" }, label, el("div", { class: "row tight" }, field, unit ? el("span", {}, unit) : null), hint);
}

function rows(stats) {
  const show = {
    uptime: duration,
    fps: (value) => number(value, 1),
    max_fps: (value) => number(value, 1),
    latency_ms: (value) => t("live.ms", { ms: number(value) }),
    cpu_percent: (value) => `${number(value, 1)} %`,
    temperature: (value) => `${number(value, 1)} °C`,
    rss_mb: (value) => `${number(value)} MiB`,
    dropped_frames: (value) => number(value),
    dropped_messages: (value) => number(value),
    dropped_words: (value) => number(value),
  };
  return Object.entries(show).filter(([name]) => typeof stats[name] === "number").map(([name, as]) => [t(`figure.${name}`), as(stats[name])]);
}

function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return t("figure.seconds", { seconds: number(seconds) });
  if (minutes < 60) return t("figure.minutes", { minutes });
  return t("figure.hours", { hours: number(Math.floor(minutes / 60)), minutes: minutes % 60 });
}

function showLogs(list, entries) {
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
  list.replaceChildren(...entries.map(({ time, level, stage, text }) => el("li", { class: level.toLowerCase() },
    el("time", {}, clock(typeof time === "number" ? 1000 * time : time)), " ", el("strong", {}, level.toLowerCase()), " ", el("span", { class: "quiet" }, stage), " ", text)));
  if (!entries.length) list.replaceChildren(el("li", {}, t("settings.no_logs")));
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}
