// What is said of an animal, in a row: its state, what was seen of it and what is usual for it.

import { h, keyed } from "./dom.js";
import { sign } from "./signs.js";
import { hours, language, moment, number, t } from "./texts.js";

/** @type {Record<string, Parameters<typeof sign>[0]>} */
const SIGNS = { look_now: "critical", watch: "warning", improving: "info", none: "unforeseen", normal: "inside" };
const MEASURES = { standing_h: hours, lying_bouts: number, interruptions: number, longest_lying_h: hours };

/**
 * @param {HTMLElement} list
 * @param {import("./store.js").Farm} farm
 * @param {any[]} states As `/v1/farms/.../states` tells them.
 */
export function showAnimals(list, farm, states) {
  const looks = (/** @type {any} */ said) => [language(), said];
  keyed(list, states, (said) => `animal-${said.animal.id}`, looks, (said) => animalRow(farm, said));
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {any} said As above.
 */
function animalRow(farm, said) {
  const { animal, state } = said;
  const link = h("a", { href: `#/farms/${farm.name}/animal/${animal.id}`, "data-name": "animal" }, animal.name);
  return h("li", { class: `card animal ${state}` }, h("h3", {}, link), animalTold(farm, said));
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {any} said As above.
 */
export function animalTold(farm, said) {
  const { state, reason } = said;
  const kinds = said.alerts.map((/** @type {string} */ kind) => t(`kind.${kind}`)).join(", ");
  return [
    h("p", { class: "verdict" }, sign(SIGNS[state]), h("span", {}, t(`state.${state}`), since(farm, said))),
    kinds && h("p", {}, t("alerts_of", { kinds })),
    reason && h("p", { class: "quiet" }, t(reason === "not enough days" ? "few_days" : "little_heard", { days: said.days })),
    h("ul", { class: "measures" }, measures(said)),
  ];
}

/**
 * @param {import("./store.js").Farm} farm
 * @param {any} said
 */
const since = (farm, said) =>
  said.state === "normal" || said.state === "none" ? "" : `, ${t("found", { at: moment(said.since, farm.zone) })}`;

/**
 * The measures that are outside of what is usual for the animal come first, and say so.
 * @param {any} said
 */
export function measures(said) {
  return Object.entries(MEASURES)
    .map(([name, told]) => ({ name, told, ...said[name] }))
    .filter((one) => one.seen !== null)
    .sort((one, other) => Number(isUnusual(other)) - Number(isUnusual(one)))
    .map((one) => h("li", { class: isUnusual(one) ? "unusual" : "" }, measure(one)));
}

/** @param {{seen: number, low: number|null, high: number|null}} one */
const isUnusual = ({ seen, low, high }) => (low !== null && seen < low) || (high !== null && seen > high);

/** @param {any} one */
function measure({ name, told, seen, low, high }) {
  const text = t(`measure.${name}`, { seen: told(seen) });
  if (low === null || high === null) return text;
  const usual = t("usual", { low: told(low), high: told(high) });
  return `${seen < low ? "▼ " : seen > high ? "▲ " : ""}${text} (${usual})`;
}
