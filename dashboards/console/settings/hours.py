"""'Traite et alimentation': what happens every day at the same hour, which forecasts reckon with."""

from datetime import time
from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import naming
from dashboards.console.settings.asking import done, forget, may_change, refused_at, say_done

_USUAL: Final = ("milking", "feeding")
"""Stored by these names, whatever the language, so that models know them."""


def show() -> None:
    """Draw the page."""
    st.title(say("hours_page"))
    say_done()
    form(session.farm())


def form(farm: Farm) -> None:
    """Show what happens every day and ask for more."""
    st.caption(say("hours_help", zone=plain(str(farm.zone))))
    allowed = may_change(farm, "administrator")
    events = sorted(session.api().get("/farms/{}/events", farm.name)["items"], key=lambda event: event["at"])
    for number, event in enumerate(events):
        told, button = st.columns([3, 1], vertical_alignment="center")
        told.markdown(say("hours_line", at=event["at"], name=plain(named(event["name"])), minutes=event["minutes"]))
        if allowed and button.button(say("remove"), key=f"hours.{farm.name}.remove.{number}"):
            _store(farm, events[:number] + events[number + 1 :])
            done(say("removed", name=named(event["name"])))
    if not events:
        st.info(say("hours_none"))
    if allowed:
        _add(farm, events)


def named(name: str) -> str:
    """Return what an event is called in the language of the page."""
    return say(f"hours_{name}") if name in _USUAL else name


def _add(farm: Farm, events: list[dict[str, Any]]) -> None:
    key = f"hours.{farm.name}"
    usual = {say(f"hours_{name}"): name for name in _USUAL}
    called = naming.ask(
        say("hours_what"),
        f"{key}.name",
        {label: label for label in usual},
        example=say("hours_what_help"),
        at_first=next(iter(usual)),
    )
    name = usual.get(called, called)
    name_slot = st.empty()
    at = st.time_input(say("hours_at"), key=session.kept(f"{key}.at", time(6, 30)), step=300)
    at_slot = st.empty()
    minutes = st.number_input(say("hours_minutes"), 1, 1440, value=None, step=5, key=session.kept(f"{key}.minutes", 60))
    minutes_slot = st.empty()
    if st.button(say("hours_add"), type="primary") and name and at:
        event = {"name": name, "at": f"{at:%H:%M}", "minutes": minutes}
        slots = {"name": name_slot, "at": at_slot, "minutes": minutes_slot}
        with refused_at(**{f"items.{len(events)}.{member}": slot for member, slot in slots.items()}):
            _store(farm, [*events, event])
            forget(f"{key}.at")
            done(say("hours_added", name=called, at=f"{at:%H:%M}"))


def _store(farm: Farm, events: list[dict[str, Any]]) -> None:
    session.api().put("/farms/{}/events", farm.name, body={"items": events})
    session.renew_farms()
