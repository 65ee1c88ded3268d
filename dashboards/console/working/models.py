"""'Modèles': those that there are of the chosen series, a new one, its training and what came of it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.working import making, results
from dashboards.console.working.choice import Choice, choice, told
from dashboards.console.working.following import end_of, follow, under_way, work_on

_ENDED = ("done", "failed", "cancelled")


def show() -> None:
    """Show models, make one, follow its training, show its results."""
    st.title(say("models"))
    chosen = choice()
    told(chosen)
    works, found = under_way(chosen, "train"), models_of(chosen)
    _list(found, without="no_model" if chosen.file is None else "no_model_of_file")
    follow(works)
    if chosen.farm.may("manager"):
        with st.expander(say("new_model"), expanded=True):
            if making.form(chosen) is not None:
                st.rerun()
    else:
        st.info(say("manager_needed"))
    _results(chosen)


def models_of(chosen: Choice) -> list[dict[str, Any]]:
    """Return the models of a series, the newest first."""
    farm = chosen.farm.name
    found = session.api().items("/farms/{}/models", farm, group=chosen.group)
    return [one for one in found if chosen.is_of(one["of"])]


def name_of(model: dict[str, Any]) -> str:
    """Return what a model is called in lists: its number, orders, and what it is."""
    orders = "({},{},{})".format(*model["order"])
    if any(model["seasonal_order"]):
        orders += "({},{},{})[{}]".format(*model["seasonal_order"])
    aliases = "".join(f", {say(alias)}" for alias in model["aliases"])
    return say("model_name", number=model["id"], orders=orders, aliases=aliases)


def _list(found: Sequence[dict[str, Any]], *, without: str) -> None:
    if not found:
        st.info(say(without))
        return
    st.table(
        [
            {
                say("model"): plain(name_of(one)),
                say("harmonics"): str(one["harmonics"]),
                say("regressors"): plain(", ".join(one["regressors"])) or say("none"),
                say("learns_from"): say("days", days=round(one["history_days"])),
            }
            for one in found
        ]
    )


def _results(chosen: Choice) -> None:
    ended = work_on(chosen, ["train"], states=_ENDED)
    if not ended:
        return
    by_number = {one["id"]: one for one in ended}
    titles = {number: _title(one) for number, one in by_number.items()}
    work = by_number[st.selectbox(say("training"), list(titles), format_func=titles.__getitem__)]
    end_of(work)
    if work["state"] == "done":
        results.show(chosen, work)


def _title(work: dict[str, Any]) -> str:
    return say("training_title", number=work["id"], at=work["asked_at"][:16].replace("T", " "), by=work["requested_by"])
