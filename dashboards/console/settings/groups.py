"""'Lots': the groups of a farm."""

from typing import Any

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings.asking import done, forget, may_change, refused_at, say_done


def show() -> None:
    """Draw the page."""
    st.title(say("groups_page"))
    say_done()
    form(session.farm())


def form(farm: Farm) -> None:
    """Show the groups and ask for another one."""
    st.caption(say("groups_help"))
    allowed = may_change(farm, "manager")
    groups = list(session.api().items("/farms/{}/groups", farm.name))
    for group in groups:
        _one(farm, group, allowed=allowed)
    if not groups:
        st.info(say("groups_none"))
    if allowed:
        _add(farm)


def _add(farm: Farm) -> None:
    key = f"groups.{farm.name}.new"
    name = st.text_input(say("group_new"), key=session.kept(key), max_chars=100, placeholder=say("group_example"))
    slot = st.empty()
    if st.button(say("group_add"), type="primary"):
        with refused_at(name=slot):
            session.api().post("/farms/{}/groups", farm.name, body={"name": name.strip()})
            forget(key)
            done(say("group_added", name=name.strip()))


def _one(farm: Farm, group: dict[str, Any], *, allowed: bool) -> None:
    if not allowed:
        st.markdown(say("group_line", name=plain(group["name"]), count=group["animals"]))
        return
    with st.expander(say("group_line", name=plain(group["name"]), count=group["animals"])):
        key = f"groups.{farm.name}.{group['id']}"
        name = st.text_input(say("group_name"), key=session.kept(key, group["name"]), max_chars=100)
        slot = st.empty()
        with refused_at(name=slot):
            if st.button(say("rename"), key=f"{key}.rename"):
                place = ("/farms/{}/groups/{}", farm.name, group["id"])
                session.api().patch(*place, body={"name": name.strip()})
                done(say("renamed", name=name.strip()))
            if st.button(say("remove"), key=f"{key}.remove", help=say("group_remove_help")):
                session.api().delete("/farms/{}/groups/{}", farm.name, group["id"])
                done(say("removed", name=group["name"]))
