"""'Exploitation': what a farm is called, where it is, which clock it lives by, in which language it is written to."""

from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

import streamlit as st

from core.errors import NotFoundError
from core.wallclock import zone_named
from dashboards.console import session
from dashboards.console.said import LANGUAGES, plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import positions
from dashboards.console.settings.asking import done, forget, labels, may_change, refused_at, say_done

_SPECIES: Final = ("goat", "cattle")


def show() -> None:
    """Draw the page."""
    st.title(say("farm_page"))
    say_done()
    form(session.farm())


def form(farm: Farm) -> None:
    """Ask for what a farm says of itself."""
    allowed = may_change(farm, "administrator")
    facts, key = farm.facts, f"farm.{farm.name}"
    st.caption(say("farm_name_told", name=plain(farm.name)))
    title = st.text_input(
        say("farm_title"), key=session.kept(f"{key}.title", facts["title"]), max_chars=200, disabled=not allowed
    )
    title_slot = st.empty()
    zone = st.selectbox(
        say("time_zone"),
        zones(),
        key=session.kept(f"{key}.zone", facts["time_zone"]),
        help=say("time_zone_help"),
        disabled=not allowed,
    )
    zone_slot = st.empty()
    st.caption(say("position_help"))
    latitude = _degrees("latitude", key, facts, allowed=allowed)
    latitude_slot = st.empty()
    longitude = _degrees("longitude", key, facts, allowed=allowed)
    longitude_slot = st.empty()
    species = st.radio(
        say("species"),
        _SPECIES,
        format_func=labels("species", _SPECIES),
        key=session.kept(f"{key}.species", facts["species"]),
        horizontal=True,
        disabled=not allowed,
    )
    spoken = st.radio(
        say("messages_language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=session.kept(f"{key}.language", session.api().get("/farms/{}/notifications", farm.name)["language"]),
        horizontal=True,
        disabled=not allowed,
    )
    if not st.button(say("store"), type="primary", key=f"{key}.store", disabled=not allowed):
        return
    position = positions.read(latitude or "", longitude or "")
    if isinstance(position, str):
        (latitude_slot if position == "latitude" else longitude_slot).error(say(f"{position}_wrong"))
        return
    wanted = {"title": (title or "").strip(), "time_zone": zone, "species": species, **position._asdict()}
    with refused_at(title=title_slot, time_zone=zone_slot, latitude=latitude_slot, longitude=longitude_slot):
        session.api().patch("/farms/{}", farm.name, body=wanted)
        session.api().patch("/farms/{}/notifications", farm.name, body={"language": spoken})
        session.renew_farms()
        forget(f"{key}.latitude", f"{key}.longitude")  # both may have been written into one field
        done(say("stored"))


@cache
def zones() -> list[str]:
    """Return the time zones to choose from."""
    return sorted(name for name in available_timezones() if _is_place(name))


def _is_place(name: str) -> bool:
    try:
        zone_named(name)
    except NotFoundError:
        return False
    return "/" in name or name == "UTC"


def _degrees(field: str, key: str, facts: dict[str, Any], *, allowed: bool) -> str | None:
    at = session.kept(f"{key}.{field}", _written(facts[field]))
    return st.text_input(say(field), key=at, placeholder=say(f"{field}_example"), disabled=not allowed)


def _written(degrees: float | None) -> str:
    return "" if degrees is None else f"{degrees:g}" if degrees == round(degrees, 4) else str(degrees)
