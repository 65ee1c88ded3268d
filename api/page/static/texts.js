// What is said, in the language that was chosen; the one catalogue comes from the server with the page.

/** @type {Record<string, string>} */
let catalogue = {};
/** @type {"fr"|"en"} */
let spoken = "fr";
const KEPT = "animov-language";

/** @returns {"fr"|"en"} */
export const language = () => spoken;

/** @returns {string|null} */
function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a browser that keeps nothing
  }
}

/**
 * Read the catalogue: of a language that is chosen from now on, or the one chosen before, or what the server thinks.
 * @param {"fr"|"en"|null} chosen
 */
export async function speak(chosen = null) {
  const wanted = chosen ?? kept() ?? document.documentElement.lang;
  const named = wanted === "en" ? "en" : "fr";
  const answer = await fetch(new URL(`texts.${named}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`texts: ${answer.status}`);
  catalogue = await answer.json();
  spoken = named;
  document.documentElement.lang = named;
  if (!chosen) return;
  try {
    localStorage.setItem(KEPT, named);
  } catch {
    // it is asked again the next time
  }
}

/**
 * @param {string} key
 * @param {Record<string, string|number>} values
 */
export function t(key, values = {}) {
  const text = catalogue[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {number|null|undefined} ratio */
export const percent = (ratio) =>
  ratio === null || ratio === undefined
    ? "–"
    : new Intl.NumberFormat(spoken, { style: "percent", maximumFractionDigits: 0 }).format(ratio);

/**
 * @param {number|null|undefined} value
 * @param {number} digits
 */
export const number = (value, digits = 0) =>
  value === null || value === undefined
    ? "–"
    : new Intl.NumberFormat(spoken, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/**
 * A length of time as the server tells it, see core/time_texts.py.
 * @param {number} seconds
 */
export function lasting(seconds) {
  const whole = Math.floor(seconds + 0.5);
  if (whole > 0 && whole < 120) return `${whole} s`;
  const minutes = Math.floor((whole + 30) / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes >= 2 * 1440) return t("days", { n: Math.floor((minutes + 720) / 1440) });
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (!rest) return `${hours} h`;
  return spoken === "fr" ? `${hours} h ${String(rest).padStart(2, "0")}` : `${hours} h ${rest} min`;
}

/** @param {number|null|undefined} value */
export const hours = (value) => (value === null || value === undefined ? "–" : lasting(value * 3600));

/**
 * @param {number|string|Date} instant
 * @param {string} zone IANA name.
 * @param {Intl.DateTimeFormatOptions} style
 */
export const when = (instant, zone, style) =>
  new Intl.DateTimeFormat(spoken === "fr" ? "fr-FR" : "en-GB", { timeZone: zone, ...style }).format(new Date(instant));

/**
 * @param {number|string|Date} instant
 * @param {string} zone
 */
export const clockTime = (instant, zone) => when(instant, zone, { hour: "2-digit", minute: "2-digit" });

/**
 * @param {number|string|Date} instant
 * @param {string} zone
 */
export const dayAndTime = (instant, zone) =>
  when(instant, zone, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/**
 * An instant as the server tells it, see core/time_texts.py.
 * @param {number|string|Date} instant
 * @param {string} zone
 */
export const moment = (instant, zone) =>
  [{ weekday: "long" }, { day: "numeric" }, { month: "long" }]
    .map((/** @type {Intl.DateTimeFormatOptions} */ style) => when(instant, zone, style))
    .concat(clockTime(instant, zone))
    .join(" ");

/**
 * @param {string} day A date, such as 2026-03-29.
 * @param {Intl.DateTimeFormatOptions} style
 */
export const dayOnly = (day, style = { weekday: "short", day: "numeric", month: "short" }) =>
  when(`${day}T12:00:00Z`, "UTC", style);
