"""Coming in."""

from http import HTTPStatus

import streamlit as st

from dashboards.console import accepting, session
from dashboards.console.client import RefusedError
from dashboards.console.said import say


def show() -> None:
    """Ask for name and password; who comes in is where the address says."""
    st.title(say("animov"))
    if st.session_state.get("expired"):
        st.warning(say("session_over"))
    with st.form("entrance"):
        name = st.text_input(say("username"), key=session.kept("username"), autocomplete="username")
        password = st.text_input(say("password"), type="password", autocomplete="current-password")
        wanted = st.form_submit_button(say("log_in"), type="primary")
    if wanted:
        _enter(name.strip(), password)
    accepting.show()


def _enter(name: str, password: str) -> None:
    if not name or not password:
        st.error(say("name_missing"))
        return
    try:
        session.log_in(name, password)
    except RefusedError as refused:
        wrong = refused.status == HTTPStatus.UNAUTHORIZED
        st.error(say("wrong_password") if wrong else refused.detail)
        return
    st.rerun()
