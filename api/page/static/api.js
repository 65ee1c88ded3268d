// Requests to the API of this node: the cookie goes along by itself, changes bear the header that shows they are ours.

import { language, t } from "./texts.js";

const PATIENCE_MS = 20_000;

/** What the API refused, in its own words. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** No answer came. */
export class Away extends Error {}

/** Nobody is logged in any longer. */
export class SessionOver extends Refused {}

export const OURS = { "X-Requested-With": "animov" };

/** @type {() => void} */
let told = () => {};

/** @param {() => void} listener Told when the session is over. */
export function onSessionOver(listener) {
  told = listener;
}

/** Say that the session is over. */
export const sessionIsOver = () => told();

/**
 * @param {string} method
 * @param {string} path
 * @param {{query?: Record<string, any>, body?: unknown, keepalive?: boolean, entering?: boolean}} asked
 */
async function ask(method, path, { query = {}, body, keepalive = false, entering = false } = {}) {
  const url = new URL(path, location.origin);
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) url.searchParams.append(name, String(value));
  }
  const headers = { Accept: "application/json", "Accept-Language": language(), ...OURS };
  if (body !== undefined) Object.assign(headers, { "Content-Type": "application/json" });
  const sent = { method, headers, keepalive, body: body === undefined ? undefined : JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(url, { ...sent, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) return answer.status === 204 ? null : await answer.json();
  } catch {
    throw new Away(t("away"));
  }
  const problem = await answer.json().catch(() => ({}));
  const detail = typeof problem.detail === "string" ? problem.detail : t("failed", { status: answer.status });
  if (answer.status === 401 && !entering) {
    told();
    throw new SessionOver(401, detail);
  }
  if (answer.status >= 500) throw new Away(t("troubled"));
  throw new Refused(answer.status, detail);
}

/**
 * @param {string} path
 * @param {Record<string, any>} query
 */
export const get = (path, query = {}) => ask("GET", path, { query });

/**
 * @param {string} path
 * @param {unknown} body
 * @param {{query?: Record<string, any>, keepalive?: boolean, entering?: boolean}} more
 */
export const post = (path, body, more = {}) => ask("POST", path, { body, ...more });

/**
 * Get a whole list, part by part.
 * @param {string} path
 * @param {Record<string, any>} query
 * @returns {Promise<any[]>}
 */
export async function all(path, query = {}) {
  const items = [];
  let cursor = null;
  do {
    const part = await get(path, { limit: 2000, ...query, ...(cursor ? { cursor } : {}) });
    items.push(...part.items);
    cursor = part.next;
  } while (cursor);
  return items;
}
