// News of a farm as they come. The browser's own EventSource hides heartbeats and refusals, so the stream is read here.

import { OURS, sessionIsOver } from "./api.js";
import { reader } from "./events.js";
import { language } from "./texts.js";

const SILENCE_MS = 40_000; // the server sends a heartbeat each 15 s
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * @typedef {object} Ears
 * @property {(isResumed: boolean) => void} begun It listens: behind the last event, or from now on if there was none.
 * @property {(event: import("./events.js").Told) => void} told
 * @property {() => void} heard Something came, a heartbeat at least.
 * @property {() => void} lost
 */

/**
 * Listen until told to stop, coming again by itself behind the last event that was heard.
 * @param {string} farm
 * @param {Ears} to
 * @returns {() => void} Stops it.
 */
export function listen(farm, to) {
  const over = new AbortController();
  let last = /** @type {string|null} */ (null);
  let wait = FIRST_WAIT_MS;

  async function once() {
    const silent = new AbortController();
    const stop = () => silent.abort();
    over.signal.addEventListener("abort", stop);
    let timer = setTimeout(stop, SILENCE_MS);
    try {
      const url = `/v1/live?farm=${encodeURIComponent(farm)}&lang=${language()}`;
      const headers = { Accept: "text/event-stream", ...OURS, ...(last ? { "Last-Event-ID": last } : {}) };
      const answer = await fetch(url, { headers, signal: silent.signal, cache: "no-store" });
      if (answer.status === 401) {
        over.abort();
        sessionIsOver();
      }
      if (!answer.ok || !answer.body) return;
      to.begun(last !== null);
      const read = reader();
      const text = new TextDecoder();
      const body = answer.body.getReader();
      for (let part = await body.read(); !part.done; part = await body.read()) {
        clearTimeout(timer);
        timer = setTimeout(stop, SILENCE_MS);
        wait = FIRST_WAIT_MS;
        to.heard();
        for (const event of read(text.decode(part.value, { stream: true }))) {
          last = event.id ?? last;
          if (event.kind === "end" && event.data.why === "over") {
            over.abort();
            sessionIsOver();
          } else if (event.kind !== "end") to.told(event);
        }
      }
    } catch {
      // it comes again below
    } finally {
      clearTimeout(timer);
      over.signal.removeEventListener("abort", stop);
    }
  }

  async function always() {
    while (!over.signal.aborted) {
      await once();
      if (over.signal.aborted) return;
      to.lost();
      await pause(wait, over.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
  always();
  return () => over.abort();
}

/**
 * Wait, at most until the network is there again.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
  return new Promise((done) => {
    const ends = new AbortController();
    const end = () => {
      clearTimeout(timer);
      ends.abort();
      done(undefined);
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end, { signal: ends.signal });
    window.addEventListener("animov-retry", end, { signal: ends.signal });
    signal.addEventListener("abort", end, { signal: ends.signal });
  });
}
