"""A password chosen with the code that an administrator passed on."""

import streamlit as st

from dashboards.console import session
from dashboards.console.client import RefusedError
from dashboards.console.said import plain, say


def show() -> None:
    """Ask for a code and a password, for who has been invited or begins anew."""
    with st.expander(say("code_have")), st.form("accepting"):
        code = st.text_input(say("code"), key=session.kept("code"), autocomplete="one-time-code")
        code_slot = st.empty()
        password = st.text_input(say("password_new"), type="password", autocomplete="new-password")
        password_slot = st.empty()
        wanted = st.form_submit_button(say("password_choose"))
    if not wanted:
        return
    try:
        session.choose_password((code or "").strip(), password or "")
    except RefusedError as refused:
        slot = password_slot if "password" in refused.errors else code_slot
        slot.error(plain(refused.errors.get("password") or refused.errors.get("code") or refused.detail))
        return
    st.success(say("password_chosen"))
