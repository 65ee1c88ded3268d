"""What a training found: the plot, the errors beside those of simple rules, and a table of the two days held out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.drawing import BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION, Band, Line, bars, draw
from dashboards.console.said import language, say
from dashboards.console.tables import csv_of, ratio
from dashboards.console.working.choice import Choice, points_of, recent

BASELINES: Final = ("persistence", "mean", "seasonal_naive", "mean_14d")
_BEFORE: Final = timedelta(days=5)


def show(chosen: Choice, work: dict[str, Any]) -> None:
    """Show a training that is done."""
    number, figures = work["id"], work["figures"]
    st.subheader(say("result_of", number=number, model=work["model"]))
    _errors(figures)
    zone = chosen.farm.zone
    found = recent("results", number, lambda: session.api().get("/trainings/{}/results", number))
    steps = [one | {"at": datetime.fromisoformat(one["at"])} for one in found["steps"]]
    _plot(chosen, steps)
    with st.expander(say("table")):
        header = [say("when"), say("measured"), say("foretold"), "80 % -", "80 % +", "95 % -", "95 % +"]
        names = ("truth", "mean", "lower80", "upper80", "lower95", "upper95")
        rows = [[f"{one['at'].astimezone(zone):%Y-%m-%d %H:%M}", *(one[name] for name in names)] for one in steps]
        st.dataframe([dict(zip(header, row, strict=True)) for row in rows], hide_index=True)
        st.download_button(
            say("download"),
            csv_of(header, rows, language()),
            file_name=f"training-{number}.csv",
            mime="text/csv",
            key=f"download.{number}",
        )


def _errors(figures: dict[str, Any]) -> None:
    baselines = figures["validation_rmse_of_baselines"]
    left, right = st.columns(2)
    left.metric(say("validation_rmse"), ratio(figures["validation_rmse"]), help=say("validation_rmse_help"))
    right.metric(say("train_rmse"), ratio(figures["train_rmse"]), help=say("train_rmse_help"))
    known = {name: baselines[name] for name in BASELINES if baselines[name] is not None}
    rows = [(say("the_model"), figures["validation_rmse"]), *((say(name), value) for name, value in known.items())]
    best = min(known.values(), default=None)
    if best is not None:
        better = figures["validation_rmse"] < best
        (st.success if better else st.warning)(say("beats_baselines" if better else "loses_to_baseline"))
    st.table([{say("what"): name, say("rmse"): ratio(value)} for name, value in rows])
    bars(
        [{"group": say("two_days"), "what": name, "value": value} for name, value in rows],
        order=[say("two_days")],
        models=[(say("the_model"), ORANGE), *colours_of(known)],
        caption=say("chart_of_errors"),
    )


def colours_of(names: Any) -> list[tuple[str, str]]:
    """Return labels of baselines and their colours."""
    of = dict(zip(BASELINES, (GREY, SKY, GREEN, VERMILLION), strict=True))
    return [(say(name), of[name]) for name in names]


def _plot(chosen: Choice, steps: list[dict[str, Any]]) -> None:
    points, step = points_of(chosen)
    first = steps[0]["at"]
    before = [(at, value) for at, value in points if first - _BEFORE <= at < first]
    lines = [
        Line(say("learnt_from"), before, GREY),
        Line(say("truth"), [(one["at"], one["truth"]) for one in steps], GREEN),
        Line(say("foretold"), [(one["at"], one["mean"]) for one in steps], ORANGE, dashed=True),
    ]
    edges = bands_of(steps)
    draw(lines, edges, zone=chosen.farm.zone, step=step, caption=say("chart_of_result", series=chosen.label))


def bands_of(steps: Sequence[dict[str, Any]]) -> list[Band]:
    """Return the bands of 95 and 80 % of steps."""
    return [
        Band(
            say("band", share=share), [(one["at"], one[f"lower{share}"], one[f"upper{share}"]) for one in steps], colour
        )
        for share, colour in ((95, SKY), (80, BLUE))
    ]
