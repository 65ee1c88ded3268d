// A group's ratio beside its bands, as SVG: gaps are gaps, right of the line of now is what is expected.

import { svg } from "./dom.js";
import { counts, QUARTER, stretches } from "./expect.js";
import { clockTime, percent, t, when } from "./texts.js";

const HEIGHT = 260;
const EDGE = { top: 18, right: 10, bottom: 38, left: 44 };

/**
 * @typedef {{windows: any[], expected: import("./expect.js").Expected, now: number, from: number, to: number,
 *   zone: string, width: number, label: string}} Shown
 */

/** @param {Shown} shown */
export function chart(shown) {
  const { from, to, width, now } = shown;
  const inner = { width: width - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  /** @param {number} at */
  const x = (at) => EDGE.left + (inner.width * (at - from)) / (to - from);
  /** @param {number} ratio */
  const y = (ratio) => EDGE.top + inner.height * (1 - Math.min(Math.max(ratio, 0), 1));
  const steps = [...shown.expected.entries()]
    .filter(([bucket]) => bucket >= from && bucket + QUARTER <= to)
    .sort(([one], [other]) => one - other)
    .map(([bucket, { step }]) => ({ at: bucket, step }));
  const measured = shown.windows
    .filter((one) => counts(one, now))
    .map((one) => ({ at: Date.parse(one.bucket), ratio: one.standing_ratio }))
    .filter((one) => one.at >= from);
  const ahead = stretches(steps, (one) => one.at);
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": shown.label, class: "chart" },
    ahead.map((one) => band(one, "lower95", "upper95", x, y, "band95")),
    ahead.map((one) => band(one, "lower80", "upper80", x, y, "band80")),
    grid(x, y, shown),
    ahead.map((one) => line(one.map(({ at, step }) => [at, step.mean]), x, y, "expected")),
    stretches(measured, (one) => one.at).map((one) => line(one.map(({ at, ratio }) => [at, ratio]), x, y, "measured")),
    now < to && [
      svg("line", { x1: x(now), x2: x(now), y1: EDGE.top - 4, y2: HEIGHT - EDGE.bottom, class: "now" }),
      svg("text", { x: x(now), y: EDGE.top - 7, class: "tick middle" }, `${t("now")} ${clockTime(now, shown.zone)}`),
    ],
  );
}

/**
 * @param {{at: number, step: any}[]} steps
 * @param {string} low
 * @param {string} high
 * @param {(at: number) => number} x
 * @param {(ratio: number) => number} y
 * @param {string} name
 */
function band(steps, low, high, x, y, name) {
  const over = steps.flatMap(({ at, step }) => [at, at + QUARTER].map((edge) => `${x(edge)},${y(step[high])}`));
  const under = steps.flatMap(({ at, step }) => [at, at + QUARTER].map((edge) => `${x(edge)},${y(step[low])}`));
  return svg("polygon", { points: [...over, ...under.reverse()].join(" "), class: name });
}

/**
 * @param {[number, number][]} points
 * @param {(at: number) => number} x
 * @param {(ratio: number) => number} y
 * @param {string} name
 */
function line(points, x, y, name) {
  const [first] = points;
  if (points.length === 1) return svg("circle", { cx: x(first[0] + QUARTER / 2), cy: y(first[1]), r: 2, class: `${name} dot` });
  const told = points.map(([at, ratio]) => `${x(at + QUARTER / 2).toFixed(1)},${y(ratio).toFixed(1)}`);
  return svg("polyline", { points: told.join(" "), class: name });
}

/**
 * @param {(at: number) => number} x
 * @param {(ratio: number) => number} y
 * @param {Shown} shown
 */
function grid(x, y, { from, to, zone, width }) {
  const levels = [0, 0.25, 0.5, 0.75, 1].map((level) => [
    svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(level), y2: y(level), class: "grid" }),
    svg("text", { x: EDGE.left - 5, y: y(level) + 4, class: "tick end" }, percent(level)),
  ]);
  const wanted = Math.max(2, Math.floor(width / 75));
  const hours = [1, 2, 3, 6, 12, 24].find((each) => (to - from) / (each * 4 * QUARTER) <= wanted) ?? 24;
  const times = [];
  for (let at = Math.ceil(from / QUARTER) * QUARTER; at < to; at += QUARTER) {
    const local = clockTime(at, zone);
    const [hour, minute] = local.split(":").map(Number);
    if (minute !== 0 || hour % hours !== 0) continue;
    times.push(svg("line", { x1: x(at), x2: x(at), y1: EDGE.top, y2: HEIGHT - EDGE.bottom, class: "grid" }));
    times.push(svg("text", { x: x(at), y: HEIGHT - EDGE.bottom + 15, class: "tick middle" }, local));
    if (hour === 0) {
      const day = when(at, zone, { weekday: "short", day: "numeric" });
      times.push(svg("text", { x: x(at), y: HEIGHT - EDGE.bottom + 30, class: "tick middle day" }, day));
    }
  }
  return [levels, times];
}
