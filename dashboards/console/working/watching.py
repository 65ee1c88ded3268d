"""'Suivre': how well forecasts came true, by horizon and beside simple rules, and how models did over time."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.drawing import ORANGE, bars
from dashboards.console.said import say
from dashboards.console.tables import percent, ratio
from dashboards.console.working.choice import Choice, choice, recent, told
from dashboards.console.working.following import work_on
from dashboards.console.working.results import BASELINES, colours_of

_SPANS: Final = (24, 168, 672)
_WEEK: Final = 168
_DAYS: Final = 14
_BANDS: Final = ("1-4", "5-24", "25-96", "97-192")


def show() -> None:
    """Show errors by horizon, and those of each training."""
    st.title(say("watch"))
    chosen = choice()
    told(chosen)
    if chosen.file is None:
        _show_scores(chosen)
    _show_trainings(chosen)


def _show_scores(chosen: Choice) -> None:
    st.subheader(say("came_true"))
    hours = st.selectbox(
        say("span"), _SPANS, key=session.kept("span", _WEEK), format_func=lambda hours: say(f"span_{hours}")
    )
    path, value = chosen.place("scores")
    found = recent("scores", (path, value, hours), lambda: session.api().get(path, value, hours=hours))
    scores = found["live"] or found["backtest"]
    if not scores:
        st.info(say("nothing_came_true"))
        return
    if not found["live"]:
        st.info(say("in_hindsight"))
    labels = {"model": say("forecast")} | {name: say(name) for name in BASELINES}
    values = [
        {"group": _horizon(one["band"]), "what": labels[one["model"]], "value": one["rmse"]}
        for one in scores
        if one["model"] in labels
    ]
    models = [(labels["model"], ORANGE), *colours_of(BASELINES)]
    bars(values, order=[_horizon(band) for band in _BANDS], models=models, caption=say("chart_of_scores"))
    st.table([_row(scores, band, labels) for band in _BANDS if any(one["band"] == band for one in scores)])
    _show_days(chosen, labels, models)


def _show_days(chosen: Choice, labels: dict[str, str], models: list[tuple[str, str]]) -> None:
    """Show errors of a band day by day: the same that the table tells of all days together."""
    st.subheader(say("day_by_day"))
    band = st.selectbox(say("ahead"), _BANDS, key=session.kept("band", _BANDS[2]), format_func=_horizon)
    path, value = chosen.place("scores/days")
    days = recent("days", (path, value), lambda: session.api().get(path, value, days=_DAYS))["days"]
    values = [
        {"group": _short(day["day"]), "what": labels[one["model"]], "value": one["rmse"]}
        for day in days
        for one in day["live"] or day["backtest"]
        if one["band"] == band and one["model"] in labels
    ]
    if values:
        bars(values, order=[_short(day["day"]) for day in days], models=models, caption=say("chart_of_days"))
    else:
        st.info(say("nothing_came_true"))


def _short(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m}"


def _row(scores: Sequence[dict[str, Any]], band: str, labels: dict[str, str]) -> dict[str, str]:
    of = {one["model"]: one for one in scores if one["band"] == band}
    row = {say("ahead"): _horizon(band)}
    row |= {label: ratio(of[name]["rmse"]) if name in of else ratio(None) for name, label in labels.items()}
    made = of.get("model", {})
    return row | {say("within80"): percent(made.get("coverage80")), say("within95"): percent(made.get("coverage95"))}


def _horizon(band: str) -> str:
    return say(f"horizon_{band}")


def _show_trainings(chosen: Choice) -> None:
    st.subheader(say("by_training"))
    key = (chosen.farm.name, chosen.group, chosen.file and chosen.file.name)
    done = recent("trained", key, lambda: work_on(chosen, ["train"], states=["done"]))
    if not done:
        st.info(say("no_training"))
        return
    values, order = [], []
    for work in reversed(done):
        at = datetime.fromisoformat(work["finished_at"]).astimezone(chosen.farm.zone)
        order.append(say("model_at", model=work["model"], at=f"{at:%d/%m %H:%M}"))
        figures = work["figures"]
        errors = {"the_model": figures["validation_rmse"], **figures["validation_rmse_of_baselines"]}
        values += [
            {"group": order[-1], "what": say(name), "value": value}
            for name, value in errors.items()
            if value is not None
        ]
    models = [(say("the_model"), ORANGE), *colours_of(BASELINES)]
    bars(values, order=order, models=models, caption=say("chart_of_trainings"))
    st.table([_told(work, label) for work, label in zip(done, reversed(order), strict=True)])


def _told(work: dict[str, Any], label: str) -> dict[str, str]:
    figures = work["figures"]
    errors = {say("the_model"): ratio(figures["validation_rmse"])}
    errors |= {say(name): ratio(figures["validation_rmse_of_baselines"][name]) for name in BASELINES}
    return {say("model"): label} | errors
