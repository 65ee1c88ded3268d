"""'Journal': kiddings, treatments, rations, and what else explains what is measured."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import moments
from dashboards.console.settings.asking import done, forget, labels, may_change, refused_at, say_done

_KINDS: Final = ("kidding", "treatment", "ration", "move", "other")
_SHOWN: Final = 50

About = tuple[str, int] | None
"""Whom an entry is about: `animal` or `group` and its id; the whole farm if neither."""


def show() -> None:
    """Draw the page."""
    st.title(say("journal_page"))
    say_done()
    farm = session.farm()
    st.caption(say("journal_help"))
    names = _names(farm)
    if allowed := may_change(farm, "manager"):
        _write(farm, names, moments.now())
    entries = session.api().get("/farms/{}/journal", farm.name, limit=_SHOWN)["items"]
    for entry in entries:
        _one(farm, entry, names, allowed=allowed)
    if not entries:
        st.info(say("journal_none"))


def _names(farm: Farm) -> dict[About, str]:
    found: dict[About, str] = {None: say("whole_farm")}
    for kind in ("group", "animal"):
        for one in session.api().items(f"/farms/{{}}/{kind}s", farm.name):
            found[kind, one["id"]] = say(f"about_{kind}", name=one["name"])
    return found


def _write(farm: Farm, names: Mapping[About, str], now: datetime) -> None:
    key = f"journal.{farm.name}"
    kind = st.segmented_control(
        say("journal_kind"),
        _KINDS,
        format_func=labels("journal", _KINDS),
        key=session.kept(f"{key}.kind", "other"),
        required=True,
    )
    about = st.selectbox(
        say("journal_about"),
        list(names),
        format_func=lambda one: names.get(one, ""),
        key=session.kept(f"{key}.about"),
    )
    start = moments.ask(say("from_when"), f"{key}.start", farm.zone, now)
    note = st.text_area(say("journal_note"), key=session.kept(f"{key}.note"), max_chars=10_000)
    slot = st.empty()
    if st.button(say("journal_store"), type="primary", disabled=start is None) and start is not None:
        wanted = {"kind": kind, "start": start.isoformat(), "note": (note or "").strip()}
        with refused_at(note=slot):
            body = wanted if about is None else wanted | {about[0]: about[1]}
            session.api().post("/farms/{}/journal", farm.name, body=body)
            forget(f"{key}.note", f"{key}.start")
            done(say("journal_stored"))


def _one(farm: Farm, entry: Mapping[str, Any], names: Mapping[About, str], *, allowed: bool) -> None:
    about: About = None
    for kind in ("animal", "group"):
        if entry[kind] is not None:
            about = kind, entry[kind]
    with st.container(border=True):
        at = moments.shown(moments.instant(entry["start"]), farm.zone)
        kind = say(f"journal_{entry['kind']}")
        st.markdown(say("journal_line", at=at, kind=kind, about=plain(names.get(about, ""))))
        st.text(entry["note"])
        st.caption(say("journal_by", author=plain(entry["author"])))
        if allowed and st.button(say("remove"), key=f"journal.remove.{entry['id']}"):
            session.api().delete("/farms/{}/journal/{}", farm.name, entry["id"])
            done(say("journal_removed"))
