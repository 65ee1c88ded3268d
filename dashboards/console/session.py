"""What a page knows of whoever looks at it: who is logged in, on which farm, in which language.

Streamlit runs a page anew at each touch and forgets what was entered in fields that a run did not draw. What is
entered under a key of `kept` stays until the browser's page is closed, whatever happens in between.
"""

from contextlib import suppress
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import httpx2
import streamlit as st

from core.errors import AnimovError
from core.wallclock import zone_named
from dashboards.console import client
from dashboards.console.client import Api, AwayError, Login, RefusedError
from dashboards.console.light_page import address_of
from dashboards.console.remembering import COOKIE, LOGINS
from dashboards.console.said import LANGUAGE, language

__all__ = ["NoFarmError", "NothingChosenError", "api", "begin", "farm", "farms", "kept", "language", "signed_in"]

_KEPT: Final = "kept."
_ROLES: Final = ("viewer", "manager", "administrator")
FARM: Final = "kept.farm"
"""Key of the name of the farm that is worked on."""


class NoFarmError(AnimovError):
    """Whoever is logged in sees no farm."""

    def __init__(self) -> None:
        super().__init__("there is no farm to be seen")


class NothingChosenError(AnimovError):
    """A file is to be worked on, and there is none: `refused` is the name of one that could not be read, if any."""

    def __init__(self, refused: str | None) -> None:
        super().__init__("no file is chosen")
        self.refused = refused


class Farm(NamedTuple):
    """A farm that may be seen; `facts` is all that `GET /v1/farms` tells of it."""

    name: str
    title: str
    zone: ZoneInfo
    role: str
    facts: dict[str, Any]

    def may(self, role: str) -> bool:
        """Tell whether one's role on the farm is that or more."""
        return _ROLES.index(self.role) >= _ROLES.index(role)


def begin() -> None:
    """Keep what was entered, and find the login that this browser has; first thing in each run."""
    entered: dict[str, Any] = st.session_state.setdefault("entered", {})
    entered |= {str(key): value for key, value in st.session_state.items() if str(key).startswith(_KEPT)}
    for key, value in entered.items():
        st.session_state[key] = (
            value  # of fields that are not drawn Streamlit forgets it, and of runs that were cut short
        )
    if "login" not in st.session_state and (found := LOGINS.find(_browser())) is not None:
        st.session_state["login"] = found


def kept(name: str, default: Any = None) -> str:
    """Return the key of a field whose content is to stay; the field itself is given no default.

    Args:
        name: Unlike that of any other field.
        default: What it holds at first.
    """
    key = _KEPT + name
    if default is not None and key not in st.session_state:
        st.session_state[key] = default
    return key


def put(name: str, value: Any) -> None:
    """Let a kept field hold a value; before it is drawn."""
    st.session_state[_KEPT + name] = value


def forget(name: str) -> None:
    """Let a kept field begin anew, also after it was drawn."""
    st.session_state.pop(_KEPT + name, None)
    st.session_state.get("entered", {}).pop(_KEPT + name, None)


def signed_in() -> bool:
    """Tell whether somebody is logged in."""
    return "login" in st.session_state


def api() -> Api:
    """Return the API as whoever is logged in sees it.

    Raises:
        SignedOutError: nobody is.
    """
    login = st.session_state.get("login")
    if login is None:
        raise client.SignedOutError
    return Api(login, language())


def log_in(name: str, password: str) -> None:
    """Log somebody in.

    Raises:
        RefusedError: the name or the password is wrong, or there were too many tries.
        AwayError: the API does not answer.
    """
    login = client.log_in(_line(), name, password, language())
    if name != st.session_state.get("expired"):
        _forget_everything()  # of somebody else
    st.session_state.pop("expired", None)
    st.session_state["login"] = login
    if browser := _browser():
        LOGINS.keep(browser, login)


def choose_password(code: str, password: str) -> None:
    """Choose a password with a code; see `client.choose_password`."""
    client.choose_password(_line(), code, password, language())


def log_out() -> None:
    """End the login, here and at the API, and forget what was entered."""
    login: Login = st.session_state["login"]
    with suppress(AwayError, RefusedError):  # its tokens are forgotten here, and end by themselves
        api().log_out()
    LOGINS.forget(login)
    _forget_everything()


def expire() -> None:
    """Note that the login is over; what was entered is kept for whoever logs in again."""
    login: Login = st.session_state.pop("login")
    LOGINS.forget(login)
    st.session_state.pop("farms", None)
    st.session_state["expired"] = login.name


def farms() -> list[Farm]:
    """Return the farms that may be seen, asked for once in a session and after `renew_farms`."""
    if "farms" not in st.session_state:
        st.session_state["farms"] = [_farm(facts) for facts in api().items("/farms")]
    found: list[Farm] = st.session_state["farms"]
    return found


def renew_farms() -> None:
    """Have the farms asked for again, since one was made or changed."""
    st.session_state.pop("farms", None)


def farm() -> Farm:
    """Return the farm that is worked on.

    Raises:
        NoFarmError: there is none to be seen.
    """
    seen = {one.name: one for one in farms()}
    if not seen:
        raise NoFarmError
    chosen = st.session_state.get(FARM)
    return seen[chosen] if chosen in seen else next(iter(seen.values()))


def light_page() -> str:
    """Return the address of the node's own page, for this browser."""
    return address_of(st.secrets["api"], st.context.url or "")


def _farm(facts: dict[str, Any]) -> Farm:
    return Farm(facts["name"], facts["title"] or facts["name"], zone_named(facts["time_zone"]), facts["role"], facts)


def _forget_everything() -> None:
    for key in list(st.session_state):
        if key != LANGUAGE:
            del st.session_state[key]  # what was entered among it


def _browser() -> str:
    return st.context.cookies.get(COOKIE, "")


@st.cache_resource
def _line_to(address: str) -> httpx2.Client:
    return client.line_to(address)


def _line() -> httpx2.Client:
    return _line_to(st.secrets["api"])
