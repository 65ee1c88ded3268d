"""'Liste du troupeau': pasted or as a file, looked at line by line before it counts."""

from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.client import RefusedError
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import moments
from dashboards.console.settings.asking import done, forget, may_change, say_done, table

_EXAMPLE: Final = "nom;lot;collier;depuis\nBlanchette;laitières;c-012;01/05/2026 08:00\nNoiraude;laitières;;\n"


def show() -> None:
    """Draw the page."""
    st.title(say("herd_list_page"))
    say_done()
    form(session.farm())


def form(farm: Farm) -> None:
    """Ask for a list, tell what it would change, and take it over if that is wanted."""
    st.caption(say("herd_list_help"))
    with st.expander(say("herd_list_example")):
        st.code(_EXAMPLE, language=None)
    allowed = may_change(farm, "manager")
    key = f"herd.{farm.name}"
    pasted = st.text_area(
        say("herd_list_paste"),
        key=session.kept(f"{key}.pasted"),
        height=200,
        disabled=not allowed,
        placeholder=_EXAMPLE,
    )
    file = st.file_uploader(say("herd_list_file"), type=["csv", "txt", "tsv"], disabled=not allowed)
    content = file.getvalue() if file is not None else (pasted or "").encode()
    looked = st.session_state.get(f"{key}.looked")
    if st.button(say("herd_list_look"), disabled=not allowed):
        looked = st.session_state[f"{key}.looked"] = content
    if looked is not None and looked == content:
        _look(farm, content, key)


def _look(farm: Farm, content: bytes, key: str) -> None:
    try:
        told = session.api().upload("/farms/{}/herd", farm.name, content=content, dry_run="true")
    except RefusedError as refused:
        st.error(say("herd_list_refused"))
        for fault in refused.faults or [refused.detail]:
            st.markdown(say("fault_line", fault=plain(fault)))
        return
    if not told["items"]:
        st.info(say("herd_list_nothing", lines=told["lines"]))
        return
    headings = [say(name) for name in ("line", "herd_animal", "changes")]
    st.markdown(table(headings, map(_row, told["items"])))
    st.caption(say("herd_list_unchanged", count=told["lines"] - len(told["items"]), lines=told["lines"]))
    if st.button(say("herd_list_apply", count=len(told["items"])), type="primary"):
        session.api().upload("/farms/{}/herd", farm.name, content=content)
        forget(f"{key}.pasted")
        st.session_state.pop(f"{key}.looked")
        done(say("herd_list_applied", count=len(told["items"])))


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    changes = [say(f"herd_made_{kind}") for kind in item["made"]]
    since = moments.read(item["since"])
    at = say("since_ever") if since is None else say("since_then", at=moments.shown(since, session.farm().zone))
    if item["moved"]:
        changes.append(say("herd_moved", group=plain(item["group"]), at=at))
    if item["assigned"]:
        changes.append(say("herd_assigned", collar=plain(item["collar"]), at=at))
    return item["line"], item["name"], ", ".join(changes)
