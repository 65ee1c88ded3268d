// One group: its chart, the same as a table, and its animals, those furthest from their own habit first.

import { showAnimals } from "./animals.js";
import { chart } from "./chart.js";
import { h, keyed } from "./dom.js";
import { latest, QUARTER } from "./expect.js";
import { told } from "./home.js";
import { head, legend, scrolling } from "./parts.js";
import { readGroup } from "./store.js";
import { clockTime, dayAndTime, language, lasting, percent, t } from "./texts.js";

const HOUR = 4 * QUARTER;
const SPANS = [12, 24, 48, 168];
const LINES = ["measured", "expected", "band80", "band95"];
const STEPS_OF_TABLE = 8;
let hours = 24;

/**
 * @param {HTMLElement} place
 * @param {import("./store.js").Farm} farm
 * @param {() => void} shown
 * @param {number} id
 */
export function group(place, farm, shown, id) {
  const figure = h("div", { class: "figure" });
  const verdict = h("div", { class: "card tile" });
  const table = h("tbody");
  const animals = h("ul", { class: "list animals" });
  const reason = h("p", { class: "quiet" });
  const heading = h("h1", {});
  const spans = h("div", { class: "actions", role: "group", "aria-label": t("span") });
  const choose = (/** @type {number} */ chosen) => () => {
    hours = chosen;
    farm.hours = Math.max(48, chosen);
    readGroup(farm, id).then(shown, shown);
    shown();
  };
  place.replaceChildren(
    h("p", {}, h("a", { href: `#/farms/${farm.name}` }, `‹ ${farm.about.title || farm.name}`)),
    heading,
    verdict,
    h("section", {}, h("h2", {}, t("chart")), spans, figure, legend(LINES, "legend", "key"), reason, tabled(table)),
    h("section", {}, h("h2", {}, t("animals_by_departure")), animals),
  );
  return () => {
    const one = farm.groups.find((each) => each.id === id);
    heading.textContent = one?.name ?? t("no_group");
    if (!one) return;
    verdict.replaceChildren(...told(farm, one).filter((each) => each instanceof Node));
    keyed(spans, SPANS, String, (each) => [language(), each === hours], (each) => spanButton(each, choose(each)));
    figure.replaceChildren(drawn(farm, id, figure.clientWidth || 340));
    table.replaceChildren(...rows(farm, id));
    const said = farm.reasons.get(id);
    reason.textContent = said ? t("remark", { reason: said }) : "";
    const states = farm.states.filter((each) => each.group_name === one.name);
    const ranked = [...states].sort((each, other) => (other.score ?? -1) - (each.score ?? -1));
    showAnimals(animals, farm, ranked);
  };
}

/**
 * @param {number} span Hours.
 * @param {() => void} onclick
 */
function spanButton(span, onclick) {
  return h("button", { type: "button", "aria-pressed": String(span === hours), "data-name": "span", onclick }, lasting(span * 3600));
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {number} id
 * @param {number} width Pixels.
 */
function drawn(farm, id, width) {
  const now = farm.now();
  const windows = farm.windows.get(id) ?? [];
  const expected = farm.expected.get(id) ?? new Map();
  const ahead = Math.min(Math.max(hours / 2, 12), 48);
  const last = latest(windows, now);
  const lengths = { span: lasting(hours * 3600), ahead: lasting(ahead * 3600) };
  const label = t("chart_label", { ratio: percent(last?.standing_ratio), ...lengths });
  const span = { from: now - hours * HOUR, to: now + ahead * HOUR };
  return chart({ windows, expected, now, ...span, zone: farm.zone, width, label });
}

/** @param {HTMLElement} body */
function tabled(body) {
  const heads = ["at", "measured_share", "expected_share", "band_share"].map((name) => t(`column.${name}`));
  const table = h("table", {}, head(heads), body);
  return h("details", {}, h("summary", {}, t("as_table")), scrolling(t("as_table"), table));
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {number} id
 */
function rows(farm, id) {
  const ratios = new Map((farm.windows.get(id) ?? []).map((one) => [Date.parse(one.bucket), one.standing_ratio]));
  const expected = farm.expected.get(id) ?? new Map();
  const here = Math.floor(farm.now() / QUARTER) * QUARTER;
  const buckets = Array.from({ length: 2 * STEPS_OF_TABLE }, (_, place) => here + (place - STEPS_OF_TABLE) * QUARTER);
  return buckets.map((bucket) => {
    const step = expected.get(bucket)?.step;
    const band = step ? `${percent(step.lower80)} – ${percent(step.upper80)}` : "–";
    const told = bucket === here ? dayAndTime(bucket, farm.zone) : clockTime(bucket, farm.zone);
    const cells = [percent(ratios.get(bucket)), percent(step?.mean), band].map((text) => h("td", {}, text));
    return h("tr", {}, h("th", { scope: "row" }, told), cells);
  });
}
