// What was measured beside what was expected. Instants are milliseconds since 1970, ratios 0 to 1.

export const QUARTER = 900_000;
const STALE = 4 * QUARTER;

/**
 * @typedef {{bucket: string, standing_ratio: number|null, heard: number, members: number}} Window
 * @typedef {{bucket: string, mean: number, lower80: number, upper80: number, lower95: number, upper95: number}} Step
 * @typedef {Map<number, {issued: number, step: Step}>} Expected By the start of the quarter of an hour.
 * @typedef {"nodata"|"unforeseen"|"inside"|"more"|"less"|"farmore"|"farless"} Verdict
 */

/**
 * Keep of each quarter of an hour what the latest forecast said that was issued before it.
 * @param {Expected} expected
 * @param {string} issuedAt
 * @param {Step[]} steps
 */
export function foresee(expected, issuedAt, steps) {
  const issued = Date.parse(issuedAt);
  for (const step of steps) {
    const bucket = Date.parse(step.bucket);
    const known = expected.get(bucket);
    if (bucket >= issued && (!known || known.issued <= issued)) expected.set(bucket, { issued, step });
  }
}

/**
 * A quarter of an hour that is not over yet is no match for what is expected of the whole of it.
 * @param {Window} window
 * @param {number} now
 */
export const counts = (window, now) => window.standing_ratio !== null && Date.parse(window.bucket) + QUARTER <= now;

/**
 * @param {Window[]} windows In order of time.
 * @param {number} now
 * @returns {Window|undefined} The latest that is over and of which enough is known.
 */
export const latest = (windows, now) => windows.findLast((one) => counts(one, now));

/**
 * @param {Window[]} windows
 * @param {Expected} expected
 * @param {number} now
 * @returns {{verdict: Verdict, last: Window|undefined, newest: Window|undefined, step: Step|undefined}}
 */
export function judged(windows, expected, now) {
  const last = latest(windows, now);
  const newest = windows.at(-1);
  const step = last && expected.get(Date.parse(last.bucket))?.step;
  return { verdict: verdictOf(last, step, now), last, newest, step };
}

/**
 * @param {Window|undefined} last
 * @param {Step|undefined} step
 * @param {number} now
 * @returns {Verdict}
 */
function verdictOf(last, step, now) {
  if (!last || last.standing_ratio === null || now - Date.parse(last.bucket) > STALE) return "nodata";
  if (!step) return "unforeseen";
  const ratio = last.standing_ratio;
  if (ratio > step.upper95) return "farmore";
  if (ratio < step.lower95) return "farless";
  if (ratio > step.upper80) return "more";
  return ratio < step.lower80 ? "less" : "inside";
}

/**
 * Cut what follows in time into stretches without a gap.
 * @template T
 * @param {T[]} things
 * @param {(thing: T) => number} startOf
 * @returns {T[][]}
 */
export function stretches(things, startOf) {
  /** @type {T[][]} */
  const found = [];
  for (const thing of things) {
    const stretch = found.at(-1);
    if (stretch && startOf(thing) - startOf(/** @type {T} */ (stretch.at(-1))) === QUARTER) stretch.push(thing);
    else found.push([thing]);
  }
  return found;
}
