"""What all pages below 'Réglages' do in one way: say what was done, refusals at their fields, who may change."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.console import session
from dashboards.console.client import AwayError, RefusedError, SignedOutError
from dashboards.console.said import plain, say
from dashboards.console.session import Farm

_DONE: Final = "done"


def may_change(farm: Farm, role: str) -> bool:
    """Tell whether one may change what takes a role; say so where one may not."""
    allowed = farm.may(role)
    if not allowed:
        st.info(say(f"{role}_needed"))
    return allowed


@contextmanager
def refused_at(**slots: DeltaGenerator) -> Iterator[None]:
    """Say what the API refuses below the field that it is about, and where the page is what is about none of them.

    Args:
        slots: An empty element below each field, by the API's name of it.
    """
    try:
        yield
    except RefusedError as refused:
        for field in slots.keys() & refused.errors.keys():
            slots[field].error(plain(refused.errors[field]))
        if not refused.errors.keys() <= slots.keys() or not refused.errors:
            st.error(plain(refused.detail))


def labels(key: str, names: Iterable[str], **values: object) -> Callable[[str], str]:
    """Return what names are called, by the texts whose keys end with them."""
    called = {name: say(f"{key}_{name}", **values) for name in names}
    return lambda name: called.get(name, name)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table that a narrow screen breaks as it needs; pandas, which Streamlit's own takes, is slow to load."""
    lines = [headings, ["---"] * len(headings), *([plain(str(cell or "")) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def done(text: str) -> None:
    """Draw the page anew, with what was done on top of it."""
    st.session_state[_DONE] = text
    st.rerun()


def forget(*fields: str) -> None:
    """Empty kept fields, so that they begin anew with what they are given at first."""
    for field in fields:
        session.forget(field)


def say_done() -> None:
    """Say what was done last, once."""
    if text := st.session_state.pop(_DONE, None):
        st.success(plain(text))


def by_itself(draw: Callable[[], None]) -> None:
    """Draw a part of a page that is also drawn anew by itself, out of reach of what is around the page."""
    try:
        draw()
    except SignedOutError:
        st.rerun()  # all of the page, which finds it out too and asks to log in
    except AwayError:
        st.error(say("away"))
    except RefusedError as refused:
        st.error(plain(refused.detail))
