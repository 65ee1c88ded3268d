// Elements without a framework: text is set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node|string|null|undefined|false|Child[]} Child
 */

/**
 * @param {Element} element
 * @param {Record<string, any>} given Attributes; functions named `on...` are listeners, false and null are left out.
 * @param {Child[]} children
 */
function filled(element, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * @param {string} tag
 * @param {Record<string, any>} given
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, given = {}, ...children) {
  return /** @type {HTMLElement} */ (filled(document.createElement(tag), given, children));
}

/**
 * @param {string} tag
 * @param {Record<string, any>} given
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, given = {}, ...children) {
  return /** @type {SVGElement} */ (filled(document.createElementNS(SVG, tag), given, children));
}

/**
 * Show a list of things; what looks as before stays in place, with its focus and what was typed into it.
 * @template T
 * @param {HTMLElement} list
 * @param {T[]} things
 * @param {(thing: T) => string} keyOf
 * @param {(thing: T) => unknown} looksOf All that the element depends on.
 * @param {(thing: T) => HTMLElement} make
 */
export function keyed(list, things, keyOf, looksOf, make) {
  const there = new Map([...list.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, child]));
  const wanted = things.map((thing) => {
    const key = keyOf(thing);
    const looks = JSON.stringify(looksOf(thing));
    const old = /** @type {HTMLElement|undefined} */ (there.get(key));
    if (old && old.dataset.looks === looks) return old;
    const made = make(thing);
    made.dataset.key = key;
    made.dataset.looks = looks;
    if (old) keepFocus(old, made);
    return made;
  });
  if (wanted.length !== list.children.length || wanted.some((child, place) => list.children[place] !== child)) {
    const focused = /** @type {HTMLElement|null} */ (document.activeElement);
    list.replaceChildren(...wanted);
    if (focused && list.contains(focused)) focused.focus({ preventScroll: true });
    else list.querySelector("[data-refocus]")?.focus({ preventScroll: true });
    for (const child of list.querySelectorAll("[data-refocus]")) child.removeAttribute("data-refocus");
  }
}

/**
 * @param {HTMLElement} old
 * @param {HTMLElement} made
 */
function keepFocus(old, made) {
  const focused = /** @type {HTMLElement|null} */ (document.activeElement);
  if (!focused || !old.contains(focused)) return;
  const name = focused.dataset.name;
  const target = (name && made.querySelector(`[data-name="${name}"]`)) || (made.tabIndex >= 0 ? made : null);
  (target ?? made.querySelector("a, button, input"))?.setAttribute("data-refocus", "");
}
