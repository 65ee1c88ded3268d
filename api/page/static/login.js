// Coming in: the cookie that is handed out can be read by no script, this one included.

import { post } from "./api.js";
import { h } from "./dom.js";
import { t } from "./texts.js";

/**
 * @param {HTMLElement} place
 * @param {string} why Said above the form; empty if there is nothing to say.
 * @param {() => void} entered
 */
export function login(place, why, entered) {
  const error = h("p", { class: "error", role: "alert", id: "login-error" });
  const button = h("button", { type: "submit" }, t("log_in"));
  const name = field("username", "text", "username");
  const password = field("password", "password", "current-password");
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    error.textContent = "";
    button.toggleAttribute("disabled", true);
    try {
      await post("/v1/session", Object.fromEntries(data), { entering: true });
      entered();
    } catch (refusal) {
      error.textContent = /** @type {Error} */ (refusal).message;
      password.querySelector("input")?.focus();
    } finally {
      button.toggleAttribute("disabled", false);
    }
  };
  place.replaceChildren(
    h("h1", {}, "AniMOV"),
    why && h("p", { class: "card", role: "alert" }, why),
    h("form", { class: "card login", onsubmit: submit }, name, password, error, button, h("p", { class: "quiet" }, t("forgotten"))),
  );
  name.querySelector("input")?.focus();
}

/**
 * @param {string} name
 * @param {string} type
 * @param {string} autocomplete
 */
function field(name, type, autocomplete) {
  const typed = { id: name, name, type, autocomplete, required: true, maxlength: 256 };
  const plain = { autocapitalize: "none", spellcheck: "false", "aria-describedby": "login-error" };
  return h("p", {}, h("label", { for: name }, t(name)), h("input", { ...typed, ...plain }));
}
