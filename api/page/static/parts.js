// Pieces that several parts of the page have.

import { h } from "./dom.js";
import { t } from "./texts.js";

/**
 * Say what lines and colours mean.
 * @param {string[]} names
 * @param {string} family Of the texts.
 * @param {string} prefix Of the classes.
 */
export function legend(names, family, prefix) {
  const key = (/** @type {string} */ name) => h("span", { class: `key ${prefix}-${name}` });
  return h("ul", { class: "legend" }, names.map((name) => h("li", {}, key(name), t(`${family}.${name}`))));
}

/** @param {string[]} texts */
export const head = (texts) =>
  h("thead", {}, h("tr", {}, texts.map((text) => h("th", { scope: "col" }, text))));

/**
 * A table that is moved sideways by itself where the phone is narrower, by keyboard too.
 * @param {string} label
 * @param {HTMLElement} table
 */
export const scrolling = (label, table) =>
  h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": label }, table);
