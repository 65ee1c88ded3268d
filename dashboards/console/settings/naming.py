"""A name that is typed, which no tap elsewhere undoes, or taken from those that are known."""

from collections.abc import Mapping

import streamlit as st

from core.names import folded
from dashboards.console import session
from dashboards.console.said import say


def ask(label: str, key: str, known: Mapping[str, str], *, example: str, at_first: str | None = None) -> str:
    """Ask for a name; what is typed narrows down the known ones, one of which may be taken in its place.

    Args:
        label: What is asked for.
        key: Of the field.
        known: What each known name is shown as, in the order in which they are proposed.
        example: Stands in the field while it is empty.
        at_first: What it holds at first.

    Returns:
        The name as it is known, or else as it was typed, without spaces around it; empty if there is none yet.
    """
    typed = (st.text_input(label, key=session.kept(key, at_first), placeholder=example) or "").strip()
    looks = {folded(name): name for name in known}
    if folded(typed) in looks:
        return looks[folded(typed)]
    if likely := [name for look, name in looks.items() if folded(typed) in look]:
        at = f"{key}.known"
        st.selectbox(
            say("known_names", what=label),
            likely,
            index=None,
            format_func=lambda name: known.get(name, name),
            key=at,
            on_change=_take,
            args=(key, at),
            placeholder=say("known_choose", count=len(likely)),
            label_visibility="collapsed",
            filter_mode=None,
        )
    return typed


def _take(key: str, at: str) -> None:
    session.put(key, st.session_state[at])
    st.session_state[at] = None
