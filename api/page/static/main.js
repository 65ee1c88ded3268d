// The page: who is logged in, which farm, which part of it; the address after `#` says it, also after a new login.

import { animal } from "./animal.js";
import { all, onSessionOver, post, SessionOver } from "./api.js";
import { h } from "./dom.js";
import { group } from "./group.js";
import { home } from "./home.js";
import { login } from "./login.js";
import { report } from "./report.js";
import { opened } from "./store.js";
import { clockTime, language, speak, t } from "./texts.js";

const AGAIN_MS = 10_000;
const OTHERS = { en: "English", fr: "Français" };
const CLOCK_MS = 60_000;
const PARTS = { home, group, animal, report };
const content = /** @type {HTMLElement} */ (document.getElementById("content"));
const top = /** @type {HTMLElement} */ (document.getElementById("top"));
const notices = /** @type {HTMLElement} */ (document.getElementById("notices"));

let farms = /** @type {any[]|null} */ (null);
let farm = /** @type {import("./store.js").Farm|null} */ (null);
let show = () => {};
let shownAt = "";
let scrolled = 0;

/** @returns {{farm: string, part: keyof typeof PARTS, id: number}} */
function place() {
  const [, , name = "", part = "home", id = "0"] = location.hash.split("/"); // names need no escapes
  return { farm: name, part: part in PARTS ? /** @type {keyof typeof PARTS} */ (part) : "home", id: Number(id) };
}

function route() {
  if (farms === null) return;
  const wanted = place();
  const about = farms.find((each) => each.name === wanted.farm) ?? (farms.length === 1 ? farms[0] : null);
  if (farm && farm.name !== about?.name) leave();
  if (!about) {
    choice(farms);
  } else {
    farm ??= opened(about, shown);
    const fresh = shownAt !== location.hash;
    show = PARTS[wanted.part](content, farm, shown, wanted.id);
    shown();
    if (fresh && shownAt !== "") content.focus({ preventScroll: true });
    if (fresh) scrollTo(0, 0);
  }
  shownAt = location.hash || "#";
  header();
}

function shown() {
  if (farms === null || farm === null) return;
  content.setAttribute("aria-busy", String(!farm.is_read && !farm.trouble));
  show();
  status(farm);
  document.title = `${farm.about.title || farm.name} · AniMOV`;
}

/** @param {import("./store.js").Farm} farm */
function status(farm) {
  const at = farm.is_read ? t("data_of", { at: clockTime(farm.heard, farm.zone) }) : "";
  const state = farm.is_live && !farm.trouble ? "live" : farm.is_read || farm.trouble ? "lost" : "reading";
  const text = state === "lost" ? [t("lost"), at, farm.trouble].filter(Boolean).join(" ") : t(state);
  const looks = `${language()} ${state} ${text}`;
  if (notices.dataset.looks === looks) return;
  notices.dataset.looks = looks;
  notices.className = state;
  const again = () => {
    dispatchEvent(new Event("animov-retry"));
    farm.read();
  };
  notices.replaceChildren(
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", {}, text),
    ...(state === "lost" ? [h("button", { type: "button", onclick: again }, t("retry"))] : []),
  );
}

/** @param {any[]} farms */
function choice(farms) {
  show = () => {};
  notices.replaceChildren();
  const links = farms.map((each) => h("li", {}, h("a", { class: "card tile", href: `#/farms/${each.name}` }, each.title || each.name)));
  content.replaceChildren(h("h1", {}, t("my_farms")), links.length ? h("ul", { class: "list" }, links) : h("p", {}, t("no_farm")));
}

function header() {
  const other = language() === "fr" ? "en" : "fr";
  const inside = farms !== null;
  top.replaceChildren(
    h("a", { href: "#/", class: "brand" }, "AniMOV"),
    inside && (farms?.length ?? 0) > 1 ? h("a", { href: "#/" }, t("my_farms")) : "",
    h("button", { type: "button", lang: other, "aria-label": OTHERS[other], onclick: () => change(other) }, other.toUpperCase()),
    inside ? h("button", { type: "button", onclick: out }, t("log_out")) : "",
  );
  for (const [id, key] of [["skip", "skip"], ["to-docs", "docs"], ["to-health", "health"]]) {
    const element = document.getElementById(id);
    if (element) element.textContent = t(key);
  }
}

/** @param {"fr"|"en"} other */
async function change(other) {
  await speak(other);
  notices.dataset.looks = "";
  leave();
  if (farms) route();
  else enter();
}

function leave() {
  farm?.close();
  farm = null;
}

async function out() {
  await post("/v1/logout", undefined).catch(() => {});
  over("");
}

/** @param {string} why */
function over(why) {
  if (farms !== null) scrolled = scrollY;
  leave();
  farms = null;
  notices.replaceChildren();
  notices.dataset.looks = "";
  login(content, why, enter);
  header();
}

async function enter() {
  try {
    farms = await all("/v1/farms");
  } catch (error) {
    if (error instanceof SessionOver) return;
    content.replaceChildren(h("p", { class: "error", role: "alert" }, /** @type {Error} */ (error).message));
    setTimeout(enter, AGAIN_MS);
    return;
  }
  shownAt = "";
  route();
  requestAnimationFrame(() => scrollTo(0, scrolled));
}

async function begin() {
  try {
    await speak();
  } catch {
    setTimeout(begin, AGAIN_MS);
    return;
  }
  onSessionOver(() => {
    if (farms !== null) over(t("session_over"));
    else if (!content.querySelector("form.login")) over("");
  });
  addEventListener("hashchange", route);
  addEventListener("resize", () => shown());
  setInterval(() => document.visibilityState === "visible" && shown(), CLOCK_MS);
  header();
  enter();
}

begin();
