// Texts by key. A language is a file in i18n/ and a line in i18n/languages.json.

import { recall } from "./memory.js";

const FALLBACK = "en";
let texts = {};
let spare = {};
let current = FALLBACK;

async function load(name) {
  const answer = await fetch(`static/i18n/${name}.json`);
  if (!answer.ok) throw new Error(`no texts: ${name}`);
  return answer.json();
}

/** Return the languages there are: code -> its own name. */
export const languages = () => load("languages");

/** Choose: what was picked in this browser, else the owner's choice, else the browser's. */
export function preferred(known, owners) {
  const wanted = [recall("language"), owners, ...navigator.languages];
  return wanted.map((code) => (code || "").split("-")[0]).find((code) => code in known) || FALLBACK;
}

/** Use a language from now on. */
export async function use(code) {
  if (!Object.keys(spare).length) spare = await load(FALLBACK);
  texts = code === FALLBACK ? spare : await load(code);
  current = code;
  document.documentElement.lang = code;
}

/** Tell whether there is a text. */
export const has = (key) => key in texts || key in spare;

/** Return a text with its {names} filled in; `n` also chooses between key.one and key.other. */
export function t(key, values = {}) {
  const plural = "n" in values ? `${key}.${new Intl.PluralRules(current).select(values.n)}` : key;
  const found = [plural, `${key}.other`, key].find(has);
  const text = texts[found] ?? spare[found] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Translate a sentence of the device's where we have it; else as it came. */
export function said(sentence) {
  const key = `said.${sentence.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "")}`;
  return has(key) ? t(key) : sentence;
}

/** Write a number in the language's own way. */
export const number = (value, digits = 0) =>
  value.toLocaleString(current, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Write a share, 0 to 1, as percent. */
export const percent = (share) => {
  const text = Math.max(share, share > 0 ? 0.01 : 0).toLocaleString(current, { style: "percent" });
  return share > 0 && share < 0.005 ? `<${text}` : text;
};

/** Write a time of day. */
export const clock = (moment) => new Date(moment).toLocaleTimeString(current);
