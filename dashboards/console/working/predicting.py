"""'Prévoir': what is to come of the chosen series, with its bands, and as a file."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.client import RefusedError
from dashboards.console.drawing import GREEN, ORANGE, Line, draw
from dashboards.console.said import language, say
from dashboards.console.tables import csv_of
from dashboards.console.working.choice import Choice, choice, points_of, recent, told
from dashboards.console.working.following import UNDER_WAY, end_of, follow_number
from dashboards.console.working.models import models_of, name_of
from dashboards.console.working.results import bands_of

_ISSUED: Final = 0
_STEPS: Final = (96, 192)
_VALUES: Final = ("mean", "lower80", "upper80", "lower95", "upper95")
_BEFORE: Final = timedelta(days=2)
_MISSING: Final = 404


def show() -> None:
    """Choose what foretells, and show what it does."""
    st.title(say("predict"))
    chosen = choice()
    told(chosen)
    known = {one["id"]: name_of(one) for one in models_of(chosen)}
    if chosen.file is None:
        known = {_ISSUED: say("issued_now")} | known
    if not known:
        st.info(say("train_first"))
        return
    model = st.selectbox(say("model"), list(known), format_func=known.__getitem__)
    if model == _ISSUED:
        _show_issued(chosen)
    elif chosen.farm.may("manager"):
        _foretell(chosen, model)
    else:
        st.info(say("manager_needed"))


def _show_issued(chosen: Choice) -> None:
    path, value = chosen.place("forecast")
    try:
        found = recent("issued", (path, value), lambda: session.api().get(path, value))
    except RefusedError as refused:
        if refused.status != _MISSING:
            raise
        st.info(say("no_forecast"))
        return
    at = datetime.fromisoformat(found["issued_at"]).astimezone(chosen.farm.zone)
    st.write(say("issued_at", at=f"{at:%d/%m/%Y %H:%M}"))
    steps = [one | {"at": datetime.fromisoformat(one["bucket"])} for one in found["steps"]]
    _draw(chosen, steps, f"forecast-{at:%Y%m%dT%H%M}")


def _foretell(chosen: Choice, model: int) -> None:
    horizon = st.selectbox(
        say("horizon"), _STEPS, format_func=lambda steps: say("steps", steps=steps), key=session.kept("horizon")
    )
    if st.button(say("predict"), type="primary"):
        made = session.api().post("/models/{}/predictions", model, body={"horizon": horizon})
        st.session_state["prediction"] = (model, made["id"])
    asked = st.session_state.get("prediction")
    if asked is None or asked[0] != model:
        return
    number = asked[1]
    work = session.api().get("/trainings/{}", number)
    if work["state"] in UNDER_WAY:
        follow_number(number)
    elif work["state"] == "done":
        _draw(chosen, _steps_of(number), f"prediction-{number}")
    else:
        end_of(work)


def _steps_of(number: int) -> list[dict[str, Any]]:
    content = recent(
        "foretold", number, lambda: session.api().download("/trainings/{}/artefacts/forecast.csv", number)
    ).decode()
    return [
        {"at": datetime.fromisoformat(row["date"]), **{name: float(row[name]) for name in _VALUES}}
        for row in csv.DictReader(StringIO(content))
    ]


def _draw(chosen: Choice, steps: Sequence[dict[str, Any]], name: str) -> None:
    points, step = points_of(chosen)
    first, zone = steps[0]["at"], chosen.farm.zone
    before = [(at, value) for at, value in points if first - _BEFORE <= at < first]
    lines = [
        Line(say("measured"), before, GREEN),
        Line(say("foretold"), [(one["at"], one["mean"]) for one in steps], ORANGE, dashed=True),
    ]
    draw(lines, bands_of(steps), zone=zone, step=step, caption=say("chart_of_forecast", series=chosen.label))
    header = [say("when_in", zone=zone.key), say("foretold"), "80 % -", "80 % +", "95 % -", "95 % +"]
    rows = [[f"{one['at'].astimezone(zone):%Y-%m-%d %H:%M}", *(one[value] for value in _VALUES)] for one in steps]
    st.download_button(
        say("download"), csv_of(header, rows, language()), file_name=f"{name}.csv", mime="text/csv", type="primary"
    )
    with st.expander(say("table")):
        st.dataframe([dict(zip(header, row, strict=True)) for row in rows], hide_index=True)
