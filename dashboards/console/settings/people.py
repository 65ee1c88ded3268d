"""'Personnes': who may do what on a farm, and one's own password."""

from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import moments
from dashboards.console.settings.asking import done, forget, labels, refused_at, say_done

_ROLES: Final = ("viewer", "manager", "administrator")


def show() -> None:
    """Draw the page."""
    st.title(say("people_page"))
    say_done()
    farm = session.farm()
    if farm.may("administrator"):
        form(farm)
    else:
        st.info(say("people_hidden"))
    st.subheader(say("own_password"))
    _own_password()


def form(farm: Farm) -> None:
    """Show who may do what on a farm and ask for more."""
    st.caption(say("people_help"))
    for invited in list(_codes()):
        _invited(invited)
    for person in session.api().items("/farms/{}/people", farm.name):
        _one(farm, person)
    key = f"people.{farm.name}"
    name = (
        st.text_input(say("person_name"), key=session.kept(f"{key}.name"), placeholder=say("person_example")) or ""
    ).strip()
    slot = st.empty()
    role = _role(f"{key}.role", "viewer")
    if st.button(say("person_add"), type="primary"):
        with refused_at(name=slot):
            made = session.api().post("/farms/{}/people", farm.name, body={"name": name, "role": role})
            if made["invitation"]:
                _codes().append({"name": name, **made["invitation"]})
            forget(f"{key}.name")
            done(say("person_added", name=name))


def _codes() -> list[dict[str, Any]]:
    """Return the codes that nobody said to have passed on."""
    kept: list[dict[str, Any]] = st.session_state.setdefault("people.codes", [])
    return kept


def _invited(invited: dict[str, Any]) -> None:
    """Show the code by which somebody chooses a password; nobody can tell it again."""
    with st.container(border=True):
        at = moments.shown(moments.instant(invited["expires_at"]), session.farm().zone)
        st.warning(say("person_invited", name=plain(invited["name"]), at=at))
        st.code(invited["code"], language=None)
        if st.button(say("person_passed_on"), key=f"people.passed_on.{invited['code']}"):
            _codes().remove(invited)
            st.rerun()


def _one(farm: Farm, person: dict[str, Any]) -> None:
    key = f"people.{farm.name}.{person['id']}"
    place = ("/farms/{}/people/{}", farm.name, person["id"])
    with st.expander(say("person_line", name=plain(person["name"]), role=say(f"role_{person['role']}"))):
        role = _role(f"{key}.role", person["role"])
        slot = st.empty()
        with refused_at(role=slot):
            if st.button(say("store"), key=f"{key}.store"):
                session.api().put(*place, body={"role": role, "until": person["until"]})
                session.renew_farms()
                done(say("person_changed", name=person["name"], role=say(f"role_{role}")))
            if st.button(say("person_reset"), key=f"{key}.reset", help=say("person_reset_help")):
                code = session.api().post("/users/{}/reset", person["id"])
                _codes().append({"name": person["name"], **code})
                done(say("person_reset_done", name=person["name"]))
            if st.button(say("person_remove"), key=f"{key}.remove"):
                session.api().delete(*place)
                session.renew_farms()
                done(say("person_removed", name=person["name"]))


def _role(key: str, at_first: str) -> str:
    chosen: str = st.radio(
        say("role"),
        _ROLES,
        format_func=labels("role", _ROLES),
        captions=[say(f"role_{role}_may") for role in _ROLES],
        key=session.kept(key, at_first),
    )
    return chosen


def _own_password() -> None:
    st.caption(say("own_password_help"))
    with st.form("own_password", clear_on_submit=False):
        present = st.text_input(say("password_present"), type="password", autocomplete="current-password")
        present_slot = st.empty()
        new = st.text_input(say("password_new"), type="password", autocomplete="new-password")
        new_slot = st.empty()
        wanted = st.form_submit_button(say("password_change"))
    if wanted:
        with refused_at(present=present_slot, new=new_slot):
            name = session.api().get("/me")["name"]
            session.api().put("/me/password", body={"present": present or "", "new": new or ""})
            session.log_in(name, new or "")  # for the change has ended every login, this one too
            done(say("password_changed"))
