"""'Données': what the model is to learn from, a series of the farm or a file."""

import re
from pathlib import PurePath
from typing import Final

import streamlit as st

from core.problem_texts import in_language, said_of
from core.ratios import DATE, RATIO
from core.tabular import TableError
from core.wallclock import zone_named
from dashboards.console import session
from dashboards.console.drawing import BLUE, Line, draw
from dashboards.console.said import language, plain, say
from dashboards.console.uploads import Draft, Upload, draft_of, has_percent_signs, looks_like_percent, named, upload_of
from dashboards.console.working.choice import (
    DAYS,
    USUAL_DAYS,
    UploadedFile,
    choice,
    group_key,
    groups,
    points_of,
    refuse,
    take,
)

_HERD: Final = 0
_SHOWN: Final = 8
_SIGNS: Final = {";": "semicolon", ",": "comma", "\t": "tab"}
_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")


def show() -> None:
    """Choose the series that the next pages work on."""
    st.title(say("data"))
    session.farm()
    source = st.radio(
        say("source"),
        ["farm", "file"],
        key=session.kept("source", "farm"),
        format_func=lambda one: say(f"source_{one}"),
    )
    if source == "farm":
        _choose_series()
    else:
        _choose_file()
    chosen = choice()
    points, step = points_of(chosen)
    known = sum(value is not None for _, value in points)
    st.subheader(plain(chosen.label))
    if not known:
        st.info(say("nothing_measured"))
        return
    st.write(say("known_values", known=known, of=len(points)))
    line = Line(say("measured"), points, BLUE)
    draw([line], [], zone=chosen.farm.zone, step=step, caption=say("chart_of_data", series=chosen.label))


def _choose_series() -> None:
    known = groups()
    names = known | {_HERD: say("herd")}
    left, right = st.columns(2)
    left.selectbox(
        say("group"),
        list(names),
        key=session.kept(group_key(session.farm()), next(iter(names))),
        format_func=names.__getitem__,
    )
    right.selectbox(
        say("period"), DAYS, key=session.kept("days", USUAL_DAYS), format_func=lambda days: say("last_days", days=days)
    )


def _choose_file() -> None:
    st.write(say("file_wanted"))
    content = st.file_uploader(say("file"), type=["csv", "tsv", "txt"])
    if content is not None:
        _read(content.name, content.getvalue())
    elif (file := st.session_state.get("file")) is not None and file.farm == session.farm().name:
        st.write(say("file_kept", name=plain(file.name)))


def _read(name: str, content: bytes) -> None:
    try:
        draft = draft_of(content)
        upload, settled = _settled(draft, name)
    except TableError as error:
        refuse(name)
        st.error(plain(in_language(said_of(error), language())))
        return
    take(settled)
    sign, comma = say(_SIGNS[draft.delimiter]), say("decimal_comma" if upload.has_comma else "decimal_point")
    st.success(say("file_read", rows=len(upload.points), sign=sign, comma=comma))


def _settled(draft: Draft, name: str) -> tuple[Upload, UploadedFile]:
    """Let columns, unit and clock of a table be chosen where they do not follow from it, and read it so."""
    _preview(draft)
    columns = draft.columns
    left, right = st.columns(2)
    date = left.selectbox(say("date_column"), columns, index=named(columns, DATE, 0))
    ratio = right.selectbox(say("ratio_column"), columns, index=named(columns, RATIO, 1))
    has_signs = has_percent_signs(draft, ratio)
    percent = has_signs or looks_like_percent(draft, ratio)
    if percent:
        st.info(say("percent_signs" if has_signs else "percent_hint"))
    unit = left.selectbox(
        say("unit"),
        ["ratio", "percent"],
        index=int(percent),
        format_func=lambda one: say(f"unit_{one}"),
        disabled=has_signs,
    )
    farm = session.farm()
    zones = list(dict.fromkeys((farm.zone.key, "UTC", "Etc/GMT-1")))
    zone = right.selectbox(say("zone"), zones, help=say("zone_help"))
    called = st.text_input(
        say("series_name"), value=_NAME.sub("-", PurePath(name).stem).strip("-")[:64], help=say("series_name_help")
    )
    upload = upload_of(
        draft, date=date, ratio=ratio, zone=zone_named(zone), unit="percent" if unit == "percent" else "ratio"
    )
    return upload, UploadedFile(farm.name, called, zone, unit, upload)


def _preview(draft: Draft) -> None:
    st.caption(say("first_rows", shown=min(_SHOWN, len(draft.rows)), of=len(draft.rows)))
    shown = [
        {plain(name): plain(cell) for name, cell in zip(draft.columns, row.cells, strict=True)}
        for row in draft.rows[:_SHOWN]
    ]
    st.table(shown)
