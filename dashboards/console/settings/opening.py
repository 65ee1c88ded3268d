"""Whether the first steps open by themselves."""

from typing import Final

import streamlit as st

from dashboards.console import session
from dashboards.console.client import AwayError, RefusedError, SignedOutError

FIRST_STEPS: Final = "first-steps"
"""Their path."""

_LOOKED: Final = "opening.looked"


def is_due(path: str) -> bool:
    """Tell whether the first steps are to open in place of the page of a path, empty for that of the plain address.

    It is so while a farm has no group, or there is none; and only for who has just come, so that nobody is sent
    there again who went elsewhere.
    """
    if st.session_state.get(_LOOKED):
        return False
    try:
        due = not path and _begins()
    except (AwayError, RefusedError, SignedOutError):  # the page itself says so
        return False
    st.session_state[_LOOKED] = True
    return due


def _begins() -> bool:
    if not session.farms():
        return bool(session.api().get("/me")["platform"])
    farm = session.farm()
    return farm.may("manager") and not session.api().get("/farms/{}/groups", farm.name, limit=1)["items"]
