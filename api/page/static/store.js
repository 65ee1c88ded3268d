// What is known of a farm: read once, then kept true by the news.

import { all, get, SessionOver } from "./api.js";
import { foresee, QUARTER, latest } from "./expect.js";
import { listen } from "./live.js";
import { language } from "./texts.js";

const DAY = 96 * QUARTER;
const TO_JUDGE = ["open", "seen"];

/**
 * @typedef {ReturnType<typeof opened>} Farm
 */

/**
 * Open a farm: what is read of it, and what its news change.
 * @param {any} about As the API tells the farm.
 * @param {() => void} shown Called when something has changed.
 */
export function opened(about, shown) {
  const farm = {
    about,
    name: /** @type {string} */ (about.name),
    zone: /** @type {string} */ (about.time_zone),
    groups: /** @type {any[]} */ ([]),
    windows: /** @type {Map<number, any[]>} */ (new Map()),
    expected: /** @type {Map<number, import("./expect.js").Expected>} */ (new Map()),
    reasons: /** @type {Map<number, string>} */ (new Map()),
    alerts: /** @type {Map<number, any>} */ (new Map()),
    states: /** @type {any[]} */ ([]),
    collars: /** @type {any[]} */ ([]),
    hours: 48,
    is_read: false,
    is_live: false,
    trouble: "",
    heard: 0,
    clock: { now: Date.now(), speed: 1, read: Date.now() },
    now() {
      const ahead = Math.min((Date.now() - farm.clock.read) * farm.clock.speed, QUARTER);
      return farm.clock.now + ahead;
    },
    read: () => {
      reading ??= read(farm).then(changed, failed).finally(() => (reading = null));
      return reading;
    },
    close: () => {},
  };

  let reading = /** @type {Promise<void>|null} */ (null);
  let asked = false;
  function changed() {
    if (asked) return;
    asked = true;
    setTimeout(() => {
      asked = false;
      shown();
    }, 50);
  }

  /** @param {unknown} error */
  function failed(error) {
    if (error instanceof SessionOver) return;
    if (!(error instanceof Error)) throw error;
    farm.trouble = error.message;
    farm.is_live = false;
    changed();
  }

  const stop = listen(farm.name, {
    told: (event) => {
      const before = reading ?? Promise.resolve(); // what is being read may be older than the news
      before.then(() => told(farm, event)).then(changed, failed);
    },
    begun: (isResumed) => {
      if (!isResumed) farm.read(); // once it listens, so that nothing comes in between unheard
    },
    heard: () => {
      const was = farm.is_live;
      farm.is_live = true;
      farm.heard = farm.now();
      if (farm.trouble) farm.read();
      else if (!was) changed();
    },
    lost: () => {
      farm.is_live = false;
      if (farm.is_read) changed();
      else farm.read(); // it says why there is nothing to see
    },
  });
  farm.close = stop;
  return farm;
}

/** @param {Farm} farm */
async function read(farm) {
  const path = `/v1/farms/${farm.name}`;
  const [clock, groups, alerts, states, collars] = await Promise.all([
    get("/v1/clock"),
    all(`${path}/groups`),
    all(`${path}/alerts`, { state: TO_JUDGE, lang: language() }),
    all(`${path}/states`),
    all(`${path}/collars`),
  ]);
  setClock(farm, clock);
  farm.alerts = new Map(alerts.map((alert) => [alert.id, alert]));
  Object.assign(farm, { groups, states, collars });
  await Promise.all(groups.map((group) => readGroup(farm, group.id)));
  farm.heard = farm.now();
  farm.trouble = "";
  farm.is_read = true;
}

/**
 * @param {Farm} farm
 * @param {number} id
 */
export async function readGroup(farm, id) {
  const path = `/v1/groups/${id}/view`;
  const day = new Date(farm.now() - DAY).toISOString();
  const [view, before] = await Promise.all([get(path, { hours: farm.hours, lang: language() }), get(path, { hours: 1, at: day })]);
  farm.windows.set(id, view.windows);
  const expected = farm.expected.get(id) ?? new Map();
  farm.expected.set(id, expected);
  farm.reasons.set(id, view.forecast?.reason ?? "");
  const last = latest(view.windows, farm.now());
  const then = last ? await get(path, { hours: 1, at: last.bucket }) : null;
  for (const one of [before, then, view]) {
    if (one?.forecast) foresee(expected, one.forecast.issued_at, one.forecast.steps);
  }
}

/**
 * @param {Farm} farm
 * @param {{now: string, speed: number}} clock
 */
function setClock(farm, clock) {
  farm.clock = { now: Date.parse(clock.now), speed: clock.speed, read: Date.now() };
}

/**
 * @param {Farm} farm
 * @param {import("./events.js").Told} event
 */
async function told(farm, event) {
  if (event.kind === "reset") await farm.read();
  else if (event.kind === "alert") tellAlert(farm, event.data);
  else if (event.kind === "windows") tellWindows(farm, event.data);
  else if (event.kind === "forecast") await tellForecasts(farm, event.data);
}

/**
 * @param {Farm} farm
 * @param {any} alert
 */
export function tellAlert(farm, alert) {
  if (TO_JUDGE.includes(alert.state)) farm.alerts.set(alert.id, alert);
  else farm.alerts.delete(alert.id);
}

/**
 * @param {Farm} farm
 * @param {any} news
 */
function tellWindows(farm, news) {
  const bucket = Date.parse(news.bucket);
  for (const { subject, window } of news.items) {
    const known = farm.windows.get(subject.id);
    if (subject.kind !== "group" || !known) continue;
    const others = known.filter((one) => Date.parse(one.bucket) !== bucket);
    const all = [...others, window].sort((one, other) => Date.parse(one.bucket) - Date.parse(other.bucket));
    const since = Date.parse(all[all.length - 1].bucket) - farm.hours * 4 * QUARTER;
    farm.windows.set(subject.id, all.filter((one) => Date.parse(one.bucket) > since));
  }
  if (bucket > farm.now()) farm.clock = { ...farm.clock, now: bucket, read: Date.now() };
}

/**
 * A forecast tells its first hour; the rest is asked for, and with it what the node does not announce.
 * @param {Farm} farm
 * @param {any} news
 */
async function tellForecasts(farm, news) {
  for (const { subject, steps } of news.items) {
    const expected = farm.expected.get(subject.id);
    if (subject.kind === "group" && expected) foresee(expected, news.issued_at, steps);
  }
  const path = `/v1/farms/${farm.name}`;
  const [clock, states, collars] = await Promise.all([
    get("/v1/clock"),
    all(`${path}/states`),
    all(`${path}/collars`),
    ...news.items.filter(({ subject }) => subject.kind === "group").map(({ subject }) => renewed(farm, subject.id)),
  ]);
  setClock(farm, clock);
  Object.assign(farm, { states, collars });
}

/**
 * @param {Farm} farm
 * @param {number} id
 */
async function renewed(farm, id) {
  const forecast = await get(`/v1/groups/${id}/forecast`, { lang: language() });
  farm.reasons.set(id, forecast.reason);
  foresee(farm.expected.get(id) ?? new Map(), forecast.issued_at, forecast.steps);
}
