"""What Streamlit runs, from top to bottom, at each touch: whoever is logged in sees the page of the address."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from dashboards.console import login, session
from dashboards.console.guarding import guarded
from dashboards.console.pages import Page
from dashboards.console.said import LANGUAGE, LANGUAGES, say
from dashboards.console.settings import PAGES as SETTINGS
from dashboards.console.settings import opening
from dashboards.console.working import PAGES as WORK

_SECTIONS: Final = {"work": WORK, "settings": SETTINGS}
_ICON: Final = Path(__file__).with_name("favicon.svg")


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title=say("animov"), page_icon=str(_ICON), layout="wide")
    session.begin()
    listed = {say(title): [_of(one) for one in pages] for title, pages in _SECTIONS.items() if pages}
    page = st.navigation(listed, position="sidebar" if session.signed_in() else "hidden", expanded=True)
    if session.signed_in() and opening.is_due(page.url_path):
        st.switch_page(next(one for one in listed[say("settings")] if one.url_path == opening.FIRST_STEPS))
    if session.signed_in():
        guarded(lambda: _inside(page.run))
    else:
        _switch_language()
        guarded(login.show)


def _of(page: Page) -> "st.Page":
    return st.Page(page.show, title=say(page.title), url_path=page.path, icon=f":material/{page.icon}:")


def _inside(draw: Callable[[], None]) -> None:
    with st.sidebar:
        farms = {one.name: one.title for one in session.farms()}
        if len(farms) > 1:
            session.put("farm", session.farm().name)  # also where the one that was chosen is gone
            st.selectbox(say("farm"), list(farms), key=session.FARM, format_func=lambda name: farms[name])
        st.link_button(say("light_page"), session.light_page(), icon=":material/notifications:")
        _switch_language()
        st.button(say("log_out"), on_click=session.log_out)
    draw()


def _switch_language() -> None:
    session.kept("language", session.language())
    st.radio(say("language"), list(LANGUAGES), key=LANGUAGE, format_func=LANGUAGES.__getitem__, horizontal=True)


main()
