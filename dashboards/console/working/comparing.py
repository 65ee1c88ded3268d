"""'Comparer': a challenger beside the champion on the same held-out days, made champion, or taken back."""

from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.client import RefusedError
from dashboards.console.guarding import guarded
from dashboards.console.said import plain, say
from dashboards.console.tables import ratio
from dashboards.console.working.choice import Choice, choice, forget_recent, told
from dashboards.console.working.following import end_of, follow, under_way, work_on
from dashboards.console.working.models import models_of, name_of

_KINDS: Final = ("test", "compare", "promote")
_ENDED: Final = ("done", "failed", "cancelled")
_CHAMPION: Final = "champion"


def show() -> None:
    """Show who reigns, judge a challenger, and tell what was found."""
    st.title(say("compare"))
    chosen = choice()
    told(chosen)
    works, found = under_way(chosen, *_KINDS), models_of(chosen)
    champion = next((one for one in found if _CHAMPION in one["aliases"]), None)
    st.write(say("reigns", model=plain(name_of(champion))) if champion else say("default_reigns"))
    if (outcome := st.session_state.pop("outcome", None)) is not None:
        st.success(outcome)
    follow(works)
    if not chosen.farm.may("manager"):
        st.info(say("manager_needed"))
    else:
        _judge([one for one in found if one is not champion], champion)
        if champion is not None and st.button(say("roll_back")):
            _confirm_roll_back(champion)
    _show_judgements(chosen)


def _judge(challengers: list[dict[str, Any]], champion: dict[str, Any] | None) -> None:
    if not challengers:
        st.info(say("no_challenger"))
        return
    by_number = {one["id"]: one for one in challengers}
    number = st.selectbox(say("which_model"), list(by_number), format_func=lambda one: name_of(by_number[one]))
    test, compare, promote = st.columns(3)
    if test.button(say("test"), help=say("test_help"), width="stretch"):
        _ask("test", number)
    if compare.button(say("compare_with_champion"), help=say("compare_help"), width="stretch"):
        _ask("compare", number, body={})
    if promote.button(say("promote"), help=say("promote_help"), width="stretch", type="primary"):
        _confirm_promotion(by_number[number], champion)


def _ask(what: str, number: int, body: Any = None) -> None:
    session.api().post(f"/models/{{}}/{what}", number, body=body)
    forget_recent()
    st.rerun()


def _confirm_promotion(model: dict[str, Any], champion: dict[str, Any] | None) -> None:
    against = plain(name_of(champion)) if champion else say("the_default")

    @st.dialog(say("promote"))
    def ask() -> None:
        st.write(say("promote_means", model=plain(name_of(model)), against=against))
        if st.button(say("promote_yes"), type="primary"):
            guarded(lambda: _ask("promote", model["id"]))

    ask()


def _confirm_roll_back(champion: dict[str, Any]) -> None:
    @st.dialog(say("roll_back"))
    def ask() -> None:
        st.write(say("roll_back_means", model=plain(name_of(champion))))
        if st.button(say("roll_back_yes"), type="primary"):
            guarded(lambda: _roll_back(champion))

    ask()


def _roll_back(champion: dict[str, Any]) -> None:
    try:
        reign = session.api().post("/models/{}/rollback", champion["id"])
    except RefusedError as refused:
        st.error(refused.detail)
        return
    now = reign["champion"]
    st.session_state["outcome"] = say("reigns", model=plain(name_of(now))) if now else say("default_reigns")
    forget_recent()
    st.rerun()


def _show_judgements(chosen: Choice) -> None:
    ended = work_on(chosen, _KINDS, states=_ENDED)
    if not ended:
        return
    st.subheader(say("found"))
    by_number = {one["id"]: one for one in ended}
    number = st.selectbox(say("judgement"), list(by_number), format_func=lambda one: _title(by_number[one]))
    work = by_number[number]
    end_of(work)
    if work["state"] == "done":
        _show_judgement(work, work["judgement"])


def _title(work: dict[str, Any]) -> str:
    return say(f"title_{work['kind']}", number=work["id"], model=work["model"] or work["request"]["model"])


def _show_judgement(work: dict[str, Any], judged: dict[str, Any]) -> None:
    evidence = judged["evidence"] or {}
    p = ratio(evidence.get("p_value"))
    if judged["wins"] is not None:
        verdict = "wins" if judged["wins"] else "does_not_win"
        (st.success if judged["wins"] else st.warning)(say(verdict, p=p))
    if work["kind"] == "promote":
        st.write(say("was_promoted" if judged["promoted"] else "was_not_promoted"))
    if evidence.get("untested"):
        st.write(plain(evidence["untested"]))
    names = [say("the_model")] if len(judged["models"]) == 1 else [say("to_beat"), say("challenger")]
    bands = [band for band in judged["models"][0]["bands"] if band != "all"] + ["all"]
    st.table(
        [
            {say("ahead"): say(f"horizon_{band}")}
            | {
                name: ratio(model["bands"].get(band, {}).get("rmse"))
                for name, model in zip(names, judged["models"], strict=False)
            }
            for band in bands
        ]
    )
    for name, model in zip(names, judged["models"], strict=False):
        st.caption(say("is_what", name=name, what=plain(model["specification"])))
    st.caption(say("judged_on", first=judged["first_origin"][:10], last=judged["last_origin"][:10]))
