// A farm in five seconds: one sentence, a tile for each group, what is to be looked at.

import { isOfCollar, judgedHere, showAlerts, subjectOf } from "./alerts.js";
import { showAnimals } from "./animals.js";
import { h, keyed } from "./dom.js";
import { judged, QUARTER } from "./expect.js";
import { sign } from "./signs.js";
import { clockTime, dayAndTime, language, percent, t } from "./texts.js";

const OUTSIDE = ["farmore", "farless"];
const TO_SEE = ["look_now", "watch", "improving"];

/**
 * @param {HTMLElement} place
 * @param {import("./store.js").Farm} farm
 * @param {() => void} shown
 */
export function home(place, farm, shown) {
  const summary = h("p", { class: "summary" });
  const parts = Object.fromEntries(
    ["tiles", "alerts", "animals", "collars"].map((name) => [name, h("ul", { class: `list ${name}`, id: name })]),
  );
  const nothing = Object.fromEntries(["alerts", "animals", "collars"].map((name) => [name, h("p", { class: "quiet" })]));
  place.replaceChildren(
    h("h1", {}, farm.about.title || farm.name),
    summary,
    h("section", {}, h("h2", {}, t("groups")), parts.tiles),
    h("section", {}, h("h2", { id: "look", tabindex: "-1" }, t("look")), nothing.alerts, parts.alerts),
    h("section", {}, h("h2", {}, t("animals")), nothing.animals, parts.animals),
    h("section", {}, h("h2", {}, t("collars")), nothing.collars, parts.collars),
    h("p", {}, h("a", { class: "button", href: `#/farms/${farm.name}/report` }, t("report"))),
  );
  return () => {
    if (!farm.is_read) {
      summary.textContent = farm.trouble ? "" : t("reading"); // nothing is well as long as nothing is known
      return;
    }
    const alerts = [...farm.alerts.values()];
    const ofCollars = alerts.filter(isOfCollar);
    const others = alerts.filter((alert) => !isOfCollar(alert));
    const verdicts = farm.groups.map((group) => verdictOf(farm, group).verdict);
    const animals = farm.states.filter((one) => TO_SEE.includes(one.state));
    const outside = verdicts.filter((one) => OUTSIDE.includes(one)).length;
    const told = JSON.stringify([language(), others.map((alert) => alert.id), outside, verdicts]);
    if (summary.dataset.looks !== told) {
      summary.replaceChildren(...summed(farm, others, outside, verdicts), toThem(others.length));
      summary.dataset.looks = told;
    }
    const looks = (/** @type {any} */ group) => [language(), group, verdictOf(farm, group)];
    keyed(parts.tiles, farm.groups, (group) => `group-${group.id}`, looks, (group) => tile(farm, group));
    const here = judgedHere(farm);
    showAlerts(parts.alerts, farm, [...others, ...here.filter((alert) => !isOfCollar(alert))], shown);
    showAlerts(parts.collars, farm, [...ofCollars, ...here.filter(isOfCollar)], shown);
    showAnimals(parts.animals, farm, animals);
    nothing.alerts.textContent = others.length ? "" : t("nothing_to_look_at");
    nothing.animals.textContent = animals.length ? "" : t("no_animal");
    nothing.collars.textContent = silence(farm, ofCollars);
  };
}

/**
 * On a phone the alerts are below the groups.
 * @param {number} alerts
 */
function toThem(alerts) {
  const go = () => document.getElementById("look")?.focus();
  return alerts ? h("button", { type: "button", onclick: go }, t("to_them")) : "";
}

/**
 * One alert is told at once, of several how many there are.
 * @param {import("./store.js").Farm} farm
 * @param {any[]} alerts
 * @param {number} outside
 * @param {string[]} verdicts
 */
function summed(farm, alerts, outside, verdicts) {
  const unknown = verdicts.filter((one) => one === "nodata").length;
  const said = [
    alerts.length === 1 && `${subjectOf(farm, alerts[0].subject)} : ${t(`kind.${alerts[0].kind}`)}`,
    alerts.length > 1 && t("many_alerts", { n: alerts.length }),
    outside > 0 && t(outside === 1 ? "one_outside" : "many_outside", { n: outside }),
    unknown > 0 && t(unknown === 1 ? "one_unknown" : "many_unknown", { n: unknown }),
  ].filter((one) => one !== false);
  return said.length ? [sign("warning"), said.join(" · ")] : [sign("inside"), t("all_well")];
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {any[]} alerts
 */
function silence(farm, alerts) {
  const worn = farm.collars.filter((collar) => collar.animal);
  const never = worn.filter((collar) => !collar.last_heard).length;
  const silent = alerts.filter((alert) => alert.kind === "collar_silent" && !alert.until).length;
  const of = worn.length;
  const told = silent ? t(silent === 1 ? "one_silent" : "many_silent", { n: silent, of }) : t("none_silent", { n: of });
  return never ? `${told} ${t("never_heard", { n: never })}` : told;
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {any} group
 */
export const verdictOf = (farm, group) =>
  judged(farm.windows.get(group.id) ?? [], farm.expected.get(group.id) ?? new Map(), farm.now());

/**
 * @param {import("./store.js").Farm} farm
 * @param {any} group
 */
function tile(farm, group) {
  const link = { class: "card tile", href: `#/farms/${farm.name}/group/${group.id}` };
  return h("li", {}, h("a", link, h("h3", {}, group.name), told(farm, group)));
}

/**
 * What is said of a group now.
 * @param {import("./store.js").Farm} farm
 * @param {any} group
 */
export function told(farm, group) {
  const { verdict, last, newest, step } = verdictOf(farm, group);
  const since = last ? dayAndTime(Date.parse(last.bucket) + QUARTER, farm.zone) : "";
  const counted = verdict === "nodata" ? newest : last;
  const facts = [
    h("p", { class: `verdict ${verdict}` }, sign(verdict), h("span", {}, t(`verdict.${verdict}`))),
    verdict === "nodata"
      ? h("p", {}, last ? t("nothing_since", { at: since }) : t("nothing_yet"))
      : h("p", { class: "ratio" }, h("strong", {}, percent(last?.standing_ratio)), " ", t("standing")),
    step && verdict !== "nodata" && h("p", {}, t("expected", { low: percent(step.lower80), high: percent(step.upper80) })),
  ];
  const heard = t("heard", { n: counted?.heard ?? 0, of: counted?.members ?? group.animals });
  const quarter = verdict === "nodata" || !last ? [] : [quarterOf(Date.parse(last.bucket), farm.zone)];
  return [...facts, h("p", { class: "quiet" }, [heard, ...quarter].join(" · "))];
}

/**
 * @param {number} start
 * @param {string} zone
 */
const quarterOf = (start, zone) => t("quarter", { from: clockTime(start, zone), to: clockTime(start + QUARTER, zone) });
