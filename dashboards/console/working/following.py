"""Work that a worker of the node does: how far it is, given up if one wants, looked at again by itself."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from core.failure_texts import failure_told
from dashboards.console import session
from dashboards.console.guarding import guarded
from dashboards.console.said import language, plain, say
from dashboards.console.working.choice import Choice, forget_recent

_LOOK_AGAIN_S: Final = 1.5
UNDER_WAY: Final = ("waiting", "running")


def work_on(chosen: Choice, kinds: Sequence[str], *, states: Sequence[str]) -> list[dict[str, Any]]:
    """Return the latest work on a series, of some kinds and in some states, what was asked last first."""
    path = "/farms/{}/trainings"
    found = session.api().get(path, chosen.farm.name, kind=list(kinds), state=list(states), limit=200)["items"]
    return [one for one in found if chosen.is_of(one["of"])]


def under_way(chosen: Choice, *kinds: str) -> list[dict[str, Any]]:
    """Return the work under way on a series, whoever began it.

    To be asked for before what it changes: of work that ends in between `follow` draws the page anew.
    """
    return work_on(chosen, kinds, states=UNDER_WAY)


def follow(works: Sequence[dict[str, Any]]) -> None:
    """Show work under way; the page is drawn anew when it ends."""
    for work in works:
        _followed(work["id"])


def follow_number(number: int) -> None:
    """Show one piece of work under way; the page is drawn anew when it ends."""
    _followed(number)


@st.fragment(run_every=_LOOK_AGAIN_S)
def _followed(number: int) -> None:
    guarded(lambda: _shown(number))


def _shown(number: int) -> None:
    work = session.api().get("/trainings/{}", number)
    if work["state"] not in UNDER_WAY:
        forget_recent()
        st.rerun()
    with st.container(border=True):
        st.write(say(f"under_way_{work['kind']}", number=number))
        st.progress(work["progress"], text=_how_far(work))
        if st.button(say("cancel"), key=f"cancel.{number}"):
            session.api().post("/trainings/{}/cancel", number)
            forget_recent()
            st.rerun()


def _how_far(work: dict[str, Any]) -> str:
    if work["state"] == "waiting":
        return say("waits")
    if work["expected_s"] is None:
        return say("begun")
    return say("expected", share=round(100 * work["progress"]), seconds=max(1, round(work["expected_s"])))


def end_of(work: dict[str, Any]) -> None:
    """Say how work ended, unless it was done."""
    if work["state"] == "cancelled":
        st.warning(say("was_cancelled", number=work["id"]))
    elif work["state"] == "failed":
        st.error(say("has_failed", number=work["id"], why=plain(failure_told(work["error"], language()))))
