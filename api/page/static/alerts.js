// What is to be looked at, and one tap to say what it was. A judgement is sent a few seconds later and can be undone
// until then, and for some minutes afterwards.

import { Away, post } from "./api.js";
import { h, keyed } from "./dom.js";
import { sign } from "./signs.js";
import { tellAlert } from "./store.js";
import { language, t } from "./texts.js";

const UNDO_MS = 8_000;
const TAKE_BACK_MS = 300_000;
const WAYS = { dismissed: ["dismiss", "reason"], confirmed: ["confirm", "finding"], seen: ["seen", ""] };
const SEVERITIES = ["critical", "warning", "info"];

/**
 * @typedef {{alert: any, farm: string, error: string}} Said
 * @typedef {Said & {judgement: "dismissed"|"confirmed"|"seen", note: string, timer: number, send: () => void}} Pending
 */

/** @type {Map<number, Pending>} What was said and not sent yet, by alert. */
const pending = new Map();

/** @type {Map<number, Said>} What was sent from here lately, by alert. */
const sent = new Map();

window.addEventListener("pagehide", () => {
  for (const one of pending.values()) one.send();
});

/**
 * Alerts that are judged here and, by the news, not to be looked at any longer: they stay for what can be undone.
 * @param {import("./store.js").Farm} farm
 */
export function judgedHere(farm) {
  const here = [...pending.values(), ...sent.values()].filter((one) => one.farm === farm.name);
  return here.map((one) => one.alert).filter((alert) => !farm.alerts.has(alert.id));
}

/** @param {any} alert */
export const isOfCollar = (alert) => alert.subject.kind === "collar";

/**
 * Who an alert is about, a collar with the animal that wears it.
 * @param {import("./store.js").Farm} farm
 * @param {any} subject
 */
export function subjectOf(farm, { kind, id, name }) {
  if (kind === "herd" || kind === "farm") return `${t(`about.${kind}`)} ${farm.about.title || farm.name}`;
  const wearer = kind === "collar" && farm.collars.find((collar) => collar.id === id)?.animal?.name;
  return `${t(`about.${kind}`)} ${name}${wearer ? ` (${wearer})` : ""}`;
}

/**
 * @param {HTMLElement} list
 * @param {import("./store.js").Farm} farm
 * @param {any[]} alerts
 * @param {() => void} shown
 */
export function showAlerts(list, farm, alerts, shown) {
  const ranked = [...alerts].sort(
    (one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) || other.id - one.id,
  );
  const looks = (/** @type {any} */ alert) => {
    const said = pending.get(alert.id);
    const here = [said && [said.judgement, said.error], sent.get(alert.id)?.error];
    return [language(), alert, subjectOf(farm, alert.subject), farm.about.role, here];
  };
  keyed(list, ranked, (alert) => `alert-${alert.id}`, looks, (alert) =>
    sent.has(alert.id) && !farm.alerts.has(alert.id) ? judged(alert, farm, shown) : card(alert, farm, shown),
  );
}

/**
 * What was sent, in the place where it was said.
 * @param {any} alert
 * @param {import("./store.js").Farm} farm
 * @param {() => void} shown
 */
function judged(alert, farm, shown) {
  const said = sent.get(alert.id);
  const takeBack = () =>
    post(`/v1/alerts/${alert.id}/reopen`, undefined, { query: { lang: language() } }).then(
      (/** @type {any} */ reopened) => {
        sent.delete(alert.id);
        tellAlert(farm, reopened);
        shown();
      },
      (/** @type {Error} */ error) => {
        if (said) said.error = error.message;
        shown();
      },
    );
  const [way] = WAYS[/** @type {keyof typeof WAYS} */ (alert.state)];
  const told = ` : ${t(`alert_state.${alert.state}`)} (${alert.note})`;
  return h(
    "li",
    { class: "card judged" },
    h("p", { role: "status" }, h("strong", {}, subjectOf(farm, alert.subject)), told),
    said?.error && h("p", { class: "error", role: "alert" }, said.error),
    h("div", { class: "actions" }, h("button", { type: "button", "data-name": way, onclick: takeBack }, t("undo"))),
  );
}

/**
 * @param {any} alert
 * @param {import("./store.js").Farm} farm
 * @param {() => void} shown
 */
function card(alert, farm, shown) {
  const { subject, kind, severity } = alert;
  const link = { group: "group", animal: "animal" }[/** @type {string} */ (subject.kind)];
  const heading = subjectOf(farm, subject);
  const causes = alert.causes.length ? [h("ul", { class: "causes" }, alert.causes.slice(0, 3).map(cause))] : [];
  return h(
    "li",
    { class: `card alert ${severity}` },
    h(
      "h3",
      {},
      sign(severity),
      link ? h("a", { href: `#/farms/${farm.name}/${link}/${subject.id}`, "data-name": "subject" }, heading) : heading,
      h("span", { class: "badge" }, t(`severity.${severity}`)),
    ),
    h("p", { class: "what" }, h("strong", {}, t(`kind.${kind}`)), " : ", alert.text),
    h("p", { class: "times" }, alert.when, alert.state === "seen" && ` · ${t("seen")}`),
    h("p", {}, h("strong", {}, t("check")), " ", t(`check.${kind}`)),
    causes.length > 0 && h("details", {}, h("summary", {}, t("causes")), causes),
    farm.about.role !== "viewer" && (pending.has(alert.id) ? undo(alert, shown) : buttons(alert, farm, shown)),
  );
}

/** @param {any} cause */
const cause = (cause) => h("li", {}, cause.text);

/**
 * @param {any} alert
 * @param {import("./store.js").Farm} farm
 * @param {() => void} shown
 */
function buttons(alert, farm, shown) {
  /** @param {"dismissed"|"confirmed"|"seen"} judgement */
  const say = (judgement) => () => begin(alert, farm, judgement, shown);
  return h(
    "div",
    { class: "actions" },
    h("button", { type: "button", "data-name": "confirm", onclick: say("confirmed") }, t("confirm")),
    h("button", { type: "button", "data-name": "dismiss", onclick: say("dismissed") }, t("dismiss")),
    alert.state === "open" && h("button", { type: "button", "data-name": "seen", onclick: say("seen") }, t("see")),
  );
}

/**
 * @param {any} alert
 * @param {import("./store.js").Farm} farm
 * @param {"dismissed"|"confirmed"|"seen"} judgement
 * @param {() => void} shown
 */
function begin(alert, farm, judgement, shown) {
  const [way, member] = WAYS[judgement];
  const said = { alert, farm: farm.name, judgement, note: member && t(`note.${judgement}`), timer: 0, error: "", send };
  function send() {
    clearTimeout(said.timer);
    const body = member ? { [member]: said.note.trim() || t(`note.${judgement}`) } : {};
    post(`/v1/alerts/${alert.id}/${way}`, body, { query: { lang: language() }, keepalive: true }).then(
      (/** @type {any} */ taken) => {
        pending.delete(alert.id);
        if (member) keep(taken, farm, shown);
        tellAlert(farm, taken);
        shown();
      },
      (/** @type {Error} */ error) => {
        said.error = error.message;
        if (error instanceof Away) wait(said);
        shown();
      },
    );
  }
  pending.set(alert.id, said);
  wait(said);
  shown();
}

/**
 * @param {any} taken An alert as it was judged.
 * @param {import("./store.js").Farm} farm
 * @param {() => void} shown
 */
function keep(taken, farm, shown) {
  const one = { alert: taken, farm: farm.name, error: "" };
  sent.set(taken.id, one);
  setTimeout(() => {
    if (sent.get(taken.id) === one) sent.delete(taken.id);
    shown();
  }, TAKE_BACK_MS);
}

/** @param {Pending} said */
function wait(said) {
  clearTimeout(said.timer);
  said.timer = setTimeout(said.send, UNDO_MS);
}

/**
 * @param {any} alert
 * @param {() => void} shown
 */
function undo(alert, shown) {
  const said = /** @type {Pending} */ (pending.get(alert.id));
  const id = `note-${alert.id}`;
  const cancel = () => {
    clearTimeout(said.timer);
    pending.delete(alert.id);
    shown();
  };
  /** @param {Event} event */
  const typed = (event) => {
    said.note = /** @type {HTMLInputElement} */ (event.target).value;
    clearTimeout(said.timer); // nothing is sent while somebody writes
  };
  return h(
    "form",
    {
      class: "undo",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        said.send();
      },
    },
    h("p", {}, t(`done.${said.judgement}`)),
    said.error && h("p", { class: "error", role: "alert" }, said.error),
    said.judgement !== "seen" && [
      h("label", { for: id }, t(`why.${said.judgement}`)),
      h("input", { id, value: said.note, maxlength: 2000, oninput: typed, onblur: () => wait(said), autocomplete: "off" }),
    ],
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", "data-name": WAYS[said.judgement][0], onclick: cancel }, t("undo")),
      h("button", { type: "submit", "data-name": "send" }, t("send")),
    ),
  );
}
