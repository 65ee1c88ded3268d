"""'Alertes': who is told, by mail or webhook, and when nobody wants to be woken."""

from datetime import time
from typing import Any

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import moments
from dashboards.console.settings.asking import done, forget, may_change, refused_at, say_done


def show() -> None:
    """Draw the page."""
    st.title(say("told_page"))
    say_done()
    st.link_button(say("light_page"), session.light_page())
    farm = session.farm()
    form(farm)
    st.subheader(say("quiet_hours"))
    _quiet(farm)


def form(farm: Farm) -> None:
    """Show who is told of alerts and ask for more."""
    st.caption(say("told_help"))
    allowed = may_change(farm, "administrator")
    channels = list(session.api().items("/farms/{}/notifications/channels", farm.name))
    for channel in channels:
        _one(farm, channel, allowed=allowed)
    if not channels:
        st.info(say("told_none") if farm.may("manager") else say("told_hidden"))
    if (secret := st.session_state.pop("told.secret", None)) is not None:
        st.warning(say("told_secret"))
        st.code(secret, language=None)
    if allowed:
        _add(farm)


def _add(farm: Farm) -> None:
    key = f"told.{farm.name}.address"
    address = (st.text_input(say("told_new"), key=session.kept(key), placeholder=say("told_example")) or "").strip()
    slot = st.empty()
    if st.button(say("told_add"), type="primary"):
        with refused_at(address=slot):
            made = session.api().post("/farms/{}/notifications/channels", farm.name, body={"address": address})
            st.session_state["told.secret"] = made["secret"]
            forget(key)
            done(say("told_added", address=address))


def _one(farm: Farm, channel: dict[str, Any], *, allowed: bool) -> None:
    with st.container(border=True):
        st.markdown(say("strong", text=plain(channel["address"])))
        if channel["error"]:
            st.warning(say("told_failing", why=plain(channel["error"])))
        _trial(farm, channel)
        if not allowed:
            return
        place = ("/farms/{}/notifications/channels/{}", farm.name, channel["id"])
        test, remove = st.columns(2)
        if test.button(say("told_test"), key=f"told.test.{channel['id']}"):
            session.api().post(place[0] + "/test", *place[1:])
            done(say("told_test_asked", address=channel["address"]))
        if remove.button(say("remove"), key=f"told.remove.{channel['id']}"):
            session.api().delete(*place)
            done(say("removed", name=channel["address"]))


def _trial(farm: Farm, channel: dict[str, Any]) -> None:
    asked, ended = moments.read(channel["trial_asked_at"]), moments.read(channel["trial_ended_at"])
    if asked is None:
        return
    if ended is None or ended < asked:
        st.caption(say("told_test_waits", at=moments.shown(asked, farm.zone)))
        st.button(say("look_again"), key=f"told.look.{channel['id']}")  # any touch draws the page again
    elif channel["trial_error"]:
        st.error(say("told_test_failed", at=moments.shown(ended, farm.zone), why=plain(channel["trial_error"])))
    else:
        st.success(say("told_test_taken", at=moments.shown(ended, farm.zone)))


def _quiet(farm: Farm) -> None:
    st.caption(say("quiet_help", zone=plain(str(farm.zone))))
    allowed = may_change(farm, "manager")
    rule, key = session.api().get("/farms/{}/notifications", farm.name), f"quiet.{farm.name}"
    is_quiet = st.checkbox(
        say("quiet_on"), key=session.kept(f"{key}.on", rule["quiet_from"] is not None), disabled=not allowed
    )
    begins = _hour("quiet_from", key, rule["quiet_from"] or "21:00", disabled=not (allowed and is_quiet))
    ends = _hour("quiet_until", key, rule["quiet_until"] or "06:30", disabled=not (allowed and is_quiet))
    slot = st.empty()
    critical = st.checkbox(
        say("critical_anytime"), key=session.kept(f"{key}.critical", rule["critical_anytime"]), disabled=not allowed
    )
    has_digest = st.checkbox(
        say("digest_on"), key=session.kept(f"{key}.digest_on", rule["digest_at"] is not None), disabled=not allowed
    )
    digest = _hour("digest_at", key, rule["digest_at"] or "07:00", disabled=not (allowed and has_digest))
    wanted = {
        "quiet_from": begins if is_quiet else None,
        "quiet_until": ends if is_quiet else None,
        "critical_anytime": critical,
        "digest_at": digest if has_digest else None,
    }
    if st.button(say("store"), type="primary", key=f"{key}.store", disabled=not allowed):
        with refused_at(quiet_until=slot):
            session.api().patch("/farms/{}/notifications", farm.name, body=wanted)
            done(say("stored"))


def _hour(name: str, key: str, at: str, *, disabled: bool) -> str | None:
    chosen = st.time_input(
        say(name), key=session.kept(f"{key}.{name}", time.fromisoformat(at)), step=900, disabled=disabled
    )
    return None if chosen is None else f"{chosen:%H:%M}"
