// One animal: what is said of it, its last two days second by second, its daily sheets, its collar.

import { all } from "./api.js";
import { animalTold } from "./animals.js";
import { h, svg } from "./dom.js";
import { QUARTER } from "./expect.js";
import { head, legend, scrolling } from "./parts.js";
import { clockTime, dayAndTime, dayOnly, hours, lasting, number, percent, t } from "./texts.js";

const HOUR = 4 * QUARTER;
const DAY = 24 * HOUR;
const STATES = ["standing", "lying", "unknown", "nodata"];
const AGAIN_MS = 10_000;
/** Height and place of each state, of 10: they differ in shape, not in colour alone. */
const SHAPES = { standing: [0, 10], lying: [6, 4], unknown: [3, 4], nodata: [9, 1] };

/**
 * @param {HTMLElement} place
 * @param {import("./store.js").Farm} farm
 * @param {() => void} _shown
 * @param {number} id
 */
export function animal(place, farm, _shown, id) {
  const parts = ["said", "strips", "days", "collar"].map((name) => h("div", { class: name }));
  const [said, strips, days, collar] = parts;
  const heading = h("h1", {});
  place.replaceChildren(
    h("p", {}, h("a", { href: `#/farms/${farm.name}` }, `‹ ${farm.about.title || farm.name}`)),
    heading,
    said,
    h("section", {}, h("h2", {}, t("timeline")), strips, legend(STATES, "posture", "state")),
    h("section", {}, h("h2", {}, t("days_of")), days),
    h("section", {}, h("h2", {}, t("collar")), collar),
  );
  let asked = -Infinity;
  let resting = 0;
  return () => {
    const state = farm.states.find((each) => each.animal.id === id);
    const worn = farm.collars.filter((each) => each.animal?.id === id);
    heading.textContent = state?.animal.name ?? worn[0]?.animal.name ?? t("animal_number", { n: id });
    said.replaceChildren(h("div", { class: "card" }, state ? animalTold(farm, state) : h("p", {}, t("nothing_said"))));
    collar.replaceChildren(...(worn.length ? worn.map((each) => collarTold(farm, each)) : [h("p", {}, t("no_collar"))]));
    const now = farm.now();
    if (!farm.is_read || now - asked < QUARTER || Date.now() < resting) return;
    asked = now;
    const span = { from: new Date(now - 2 * DAY).toISOString(), to: new Date(now).toISOString() };
    const path = `/v1/animals/${id}`;
    const asking = [all(`${path}/bouts`, span), all(`${path}/windows`, span), all(`${path}/days`, { tz: farm.zone })];
    Promise.all(asking).then(
      ([bouts, windows, sheets]) => {
        const known = states(bouts, windows);
        const width = strips.clientWidth || 340;
        strips.replaceChildren(...[0, 1].map((back) => strip(farm, known, now - back * DAY, width)));
        days.replaceChildren(daily(sheets, state?.standing_h));
      },
      (error) => {
        [asked, resting] = [-Infinity, Date.now() + AGAIN_MS];
        strips.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
      },
    );
  };
}

/**
 * @typedef {{state: string, from: number, to: number}} Stretch
 */

/**
 * Return what is known of each moment: quarters of an hour of which something came, and over them the bouts.
 * @param {any[]} bouts
 * @param {any[]} windows
 * @returns {Stretch[]}
 */
export function states(bouts, windows) {
  const heard = windows.filter((one) => one.received_s > 0).map((one) => Date.parse(one.bucket));
  return [
    ...heard.map((at) => ({ state: "unknown", from: at, to: at + QUARTER })),
    ...bouts.map((one) => ({ state: one.posture, from: Date.parse(one.start), to: Date.parse(one.until) })),
  ];
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {Stretch[]} known
 * @param {number} end
 * @param {number} width Pixels.
 */
function strip(farm, known, end, width) {
  const from = end - DAY;
  /** @param {number} at */
  const x = (at) => (width * (Math.min(Math.max(at, from), end) - from)) / DAY;
  const inside = known.filter((one) => one.to > from && one.from < end);
  const shown = [{ state: "nodata", from, to: end }, ...inside];
  const sums = STATES.slice(0, 2).map((state) => {
    const parts = inside.filter((one) => one.state === state);
    const ms = parts.reduce((sum, one) => sum + Math.min(one.to, end) - Math.max(one.from, from), 0);
    return `${t(`posture.${state}`)} ${lasting(ms / 1000)}`;
  });
  const caption = `${dayAndTime(from, farm.zone)} – ${dayAndTime(end, farm.zone)} : ${sums.join(", ")}`;
  const ticks = [];
  for (let at = Math.ceil(from / HOUR) * HOUR; at < end; at += HOUR) {
    const local = clockTime(at, farm.zone);
    if (Number(local.split(":")[0]) % 6 !== 0) continue;
    ticks.push(svg("text", { x: x(at), y: 58, class: "tick" }, local));
    ticks.push(svg("line", { x1: x(at), x2: x(at), y1: 0, y2: 46, class: "grid" }));
  }
  const drawn = { viewBox: `0 0 ${width} 62`, width, height: 62, class: "strip", role: "img", "aria-label": caption };
  const blocks = shown.map((one) => block(one, x));
  return h("figure", {}, h("figcaption", {}, caption), svg("svg", drawn, blocks, ticks));
}

/**
 * @param {Stretch} stretch
 * @param {(at: number) => number} x
 */
function block({ state, from, to }, x) {
  const [top, height] = SHAPES[/** @type {keyof typeof SHAPES} */ (state)];
  const across = { x: x(from), width: Math.max(x(to) - x(from), 0.5) };
  const isOver = state === "standing" || state === "lying"; // a bout hides the quarters of an hour that it lies in
  return [
    isOver && svg("rect", { ...across, y: 0, height: 44, class: "under" }),
    svg("rect", { ...across, y: top * 4.4, height: height * 4.4, class: `state-${state}` }),
  ];
}

/**
 * @param {any[]} sheets
 * @param {{low: number|null, high: number|null}|undefined} habit Hours that it usually stands in 24.
 */
function daily(sheets, habit) {
  const [low, high] = [habit?.low ?? null, habit?.high ?? null];
  const usual = low !== null && high !== null && t("usual_standing", { low: hours(low), high: hours(high) });
  const heads = ["day", "standing_time", "bouts", "known_share"].map((name) => t(`column.${name}`));
  const rows = [...sheets].reverse().map((sheet) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, dayOnly(sheet.day)),
      standing(sheet.standing_ratio === null ? null : (sheet.standing_ratio * sheet.day_s) / 3600, low, high),
      h("td", {}, number(sheet.lying_bouts)),
      h("td", {}, percent(sheet.coverage)),
    ),
  );
  const table = scrolling(t("days_of"), h("table", {}, head(heads), h("tbody", {}, rows)));
  return h("div", {}, usual && h("p", { class: "usual" }, usual), table);
}

/**
 * Hours of a day outside of what is usual are marked by a shape.
 * @param {number|null} stood
 * @param {number|null} low
 * @param {number|null} high
 */
function standing(stood, low, high) {
  if (stood === null) return h("td", {}, "–");
  const mark = low !== null && stood < low ? "▼ " : high !== null && stood > high ? "▲ " : "";
  return h("td", { class: mark ? "unusual" : "" }, `${mark}${hours(stood)}`);
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {any} collar
 */
function collarTold(farm, collar) {
  const heard = collar.last_heard ? t("last_heard", { at: dayAndTime(collar.last_heard, farm.zone) }) : t("not_heard");
  const battery = collar.status?.battery_v;
  const charged = battery ? ` · ${t("battery", { volts: number(battery, 2) })}` : "";
  return h("p", {}, h("strong", {}, collar.name), ` : ${heard}${charged}`);
}
