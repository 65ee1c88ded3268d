// The week of a farm on one sheet of paper: hours standing of each group by day beside its own habit, and the alerts.

import { all } from "./api.js";
import { h } from "./dom.js";
import { head, scrolling } from "./parts.js";
import { dayAndTime, dayOnly, hours, language, t } from "./texts.js";

const WEEK = 7;
const HABIT = 28;
const LEAST_DAYS = 7;
const MOST_ALERTS = 14;
const DAY_MS = 86_400_000;

/**
 * @param {HTMLElement} place
 * @param {import("./store.js").Farm} farm
 */
export function report(place, farm) {
  const sheet = h("article", { class: "report" }, h("p", {}, t("reading")));
  place.replaceChildren(
    h(
      "p",
      { class: "actions no-print" },
      h("a", { href: `#/farms/${farm.name}` }, `‹ ${farm.about.title || farm.name}`),
      h("button", { type: "button", onclick: () => window.print() }, t("print")),
    ),
    sheet,
  );
  let asked = false;
  return () => {
    if (asked || !farm.is_read) return;
    asked = true;
    filled(farm).then(
      (children) => sheet.replaceChildren(...children),
      (error) => {
        asked = false;
        sheet.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
      },
    );
  };
}

/** @param {import("./store.js").Farm} farm */
async function filled(farm) {
  const today = localDay(farm.now(), farm.zone);
  const [first, before] = [shifted(today, -WEEK), shifted(today, -WEEK - HABIT)];
  const days = Array.from({ length: WEEK }, (_, place) => shifted(first, place));
  const [sheets, begun] = await Promise.all([
    Promise.all(farm.groups.map((group) => all(`/v1/groups/${group.id}/days`, { from: before, to: today }))),
    all(`/v1/farms/${farm.name}/alerts`, { from: `${shifted(first, -1)}T00:00:00Z`, lang: language() }),
  ]);
  const alerts = begun
    .filter((alert) => days.includes(localDay(Date.parse(alert.opened_at), farm.zone)))
    .sort((one, other) => Date.parse(one.since) - Date.parse(other.since));
  const from = dayOnly(first, { day: "numeric", month: "long" });
  const to = dayOnly(shifted(today, -1), { day: "numeric", month: "long", year: "numeric" });
  return [
    h("h1", {}, `${farm.about.title || farm.name} – ${t("report")}`),
    h("p", {}, t("week_of", { from, to })),
    h("h2", {}, t("time_standing")),
    table(farm, days, sheets),
    h("p", { class: "quiet" }, t("habit_told", { days: HABIT })),
    h("h2", {}, t("alerts_of_week", { n: alerts.length })),
    alerts.length ? list(farm, alerts) : h("p", {}, t("no_alert_in_week")),
    h("p", { class: "quiet" }, t("printed", { at: dayAndTime(farm.now(), farm.zone) })),
  ];
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {string[]} days
 * @param {any[][]} sheets
 */
function table(farm, days, sheets) {
  const heads = [t("group"), ...days.map((day) => dayOnly(day, { weekday: "short", day: "numeric" })), t("habit")];
  const rows = farm.groups.map((group, place) => {
    const habit = usual(sheets[place].filter((sheet) => sheet.day < days[0]));
    const byDay = new Map(sheets[place].map((sheet) => [sheet.day, sheet]));
    const told = habit ? `${hours(habit.low)} – ${hours(habit.high)}` : t("habit_unknown");
    return h("tr", {}, h("th", { scope: "row" }, group.name), days.map((day) => cell(byDay.get(day), habit)), h("td", {}, told));
  });
  return scrolling(t("time_standing"), h("table", {}, head(heads), h("tbody", {}, rows)));
}

/**
 * The mean of a group's days before, and two standard deviations to either side; null if there are too few.
 * @param {any[]} sheets
 */
export function usual(sheets) {
  const stood = sheets.map((sheet) => sheet.standing_h).filter((each) => each !== null);
  if (stood.length < LEAST_DAYS) return null;
  const mean = stood.reduce((sum, each) => sum + each, 0) / stood.length;
  const deviation = Math.sqrt(stood.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (stood.length - 1));
  return { low: mean - 2 * deviation, high: mean + 2 * deviation };
}

/**
 * @param {any} sheet
 * @param {{low: number, high: number}|null} habit
 */
function cell(sheet, habit) {
  if (!sheet || sheet.standing_h === null) return h("td", {}, "–");
  const mark = habit && sheet.standing_h > habit.high ? "▲ " : habit && sheet.standing_h < habit.low ? "▼ " : "";
  const known = h("small", {}, t("of_animals", { n: sheet.measured, of: sheet.members }));
  return h("td", { class: mark ? "unusual" : "" }, `${mark}${hours(sheet.standing_h)}`, known);
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {any[]} alerts
 */
function list(farm, alerts) {
  const told = alerts.slice(0, MOST_ALERTS).map((alert) =>
    h(
      "li",
      {},
      h("strong", {}, `${t(`about.${alert.subject.kind}`)} ${alert.subject.name}`),
      ` : ${alert.text} · ${alert.when}${alert.state === "closed" ? "" : ` · ${judgement(alert)}`}`,
    ),
  );
  const left = alerts.length - told.length;
  return h("ul", { class: "week" }, told, left > 0 && h("li", {}, t("more_alerts", { n: left })));
}

/** @param {any} alert */
const judgement = ({ state, note }) => t(`alert_state.${state}`) + (note ? ` : ${note}` : "");

/**
 * @param {number} at
 * @param {string} zone
 */
const localDay = (at, zone) => new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(at);

/**
 * @param {string} day
 * @param {number} by Days.
 */
const shifted = (day, by) => new Date(Date.parse(`${day}T00:00:00Z`) + by * DAY_MS).toISOString().slice(0, 10);
