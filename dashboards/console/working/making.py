"""The form of a new model: its orders, what else it looks at, and how long it learns."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from core.regressors import SKY, known_regressors
from dashboards.console import session
from dashboards.console.client import RefusedError
from dashboards.console.said import plain, say
from dashboards.console.working.choice import Choice, learnt_from

_ORDER: Final = (("p", 2, 12), ("d", 0, 2), ("q", 1, 12))
_SEASONAL: Final = (("P", 0, 12), ("D", 0, 2), ("Q", 0, 12), ("s", 0, 3000))
_RULES: Final = ("day", "last", "known")
_FIELDS: Final = ("order", "seasonal_order", "harmonics", "weekly_harmonics", "regressors", "file.future")
"""Where the form says what the API refused."""


def form(chosen: Choice) -> int | None:
    """Draw the form; return the number of the training once it is asked for.

    What the API refused before is told at the field that it named, or else above.
    """
    errors: Mapping[str, str] = st.session_state.pop("refused", {})
    _refusal(errors)
    regressors = _regressors(chosen, _at(errors, "regressors"))
    rules = _rules(chosen, regressors, errors)
    with st.form("new_model"):
        order = _numbers(say("order"), _ORDER, _at(errors, "order"))
        seasonal = _numbers(say("seasonal_order"), _SEASONAL, _at(errors, "seasonal_order"))
        left, right = st.columns(2)
        daily = left.number_input(
            say("harmonics"), 0, 48, key=session.kept("harmonics", 6), help=say("harmonics_help"), step=1
        )
        weekly = right.number_input(say("weekly_harmonics"), 0, 6, key=session.kept("weekly", 0), step=1)
        _fault(_at(errors, "harmonics") or _at(errors, "weekly_harmonics"))
        wanted = st.form_submit_button(say("train"), type="primary", disabled=not _told(chosen))
    if not wanted:
        return None
    body = {
        "order": order,
        "seasonal_order": seasonal,
        "harmonics": daily,
        "weekly_harmonics": weekly,
        **_of_what(chosen, rules),
    }
    if regressors or chosen.file is not None:
        body["regressors"] = regressors
    return _asked(chosen, body)


def _told(chosen: Choice) -> bool:
    """Say what would be trained, right at the button, and tell whether there is anything."""
    known, zone = learnt_from(chosen), chosen.farm.zone
    if not known:
        st.warning(say("nothing_to_train", series=plain(chosen.title)))
        return False
    first, last = (f"{at.astimezone(zone):%d/%m/%Y %H:%M}" for at in (known[0][0], known[-1][0]))
    st.markdown(say("to_train", series=plain(chosen.title), first=first, last=last, known=len(known)))
    return True


def regressors_of(chosen: Choice) -> list[str]:
    """Return what a model of a series may regress on."""
    facts = chosen.farm.facts
    has_place = facts["latitude"] is not None and facts["longitude"] is not None
    if chosen.file is not None:
        return sorted({*chosen.file.upload.further, *(SKY if has_place else ())})
    return known_regressors((event["name"] for event in facts["events"]), has_place=has_place)


def _regressors(chosen: Choice, fault: str | None) -> list[str]:
    """Ask for regressors; outside of the form, for what is asked of each of them depends on it."""
    known, at = regressors_of(chosen), session.kept("regressors", [])
    st.session_state[at] = [
        name for name in st.session_state[at] if name in known
    ]  # of another series there were others
    picked = st.multiselect(say("regressors"), known, key=at, help=say("regressors_help"), placeholder=say("choose"))
    _fault(fault)
    return picked


def _asked(chosen: Choice, body: dict[str, Any]) -> int | None:
    try:
        made = session.api().post("/farms/{}/trainings", chosen.farm.name, body=body)
    except RefusedError as refused:
        st.session_state["refused"] = {**refused.errors, "": refused.detail}
        st.rerun()
    number: int = made["id"]
    return number


def _of_what(chosen: Choice, rules: list[str]) -> dict[str, Any]:
    if chosen.file is None:
        return {"group": chosen.group, "history_days": chosen.days}
    farm, file = chosen.farm.facts, chosen.file
    known = {"name": file.name, "csv": file.upload.csv, "zone": file.zone, "unit": file.unit, "future": rules}
    place = {name: farm[name] for name in ("latitude", "longitude") if farm[name] is not None}
    points = file.upload.points
    days = (points[-1][0] - points[0][0]).total_seconds() / 86400 if points else 1.0
    return {"file": known | place, "history_days": max(1.0, min(3650.0, days))}


def _numbers(label: str, fields: tuple[tuple[str, int, int], ...], fault: str | None) -> list[int]:
    st.caption(label)
    places = st.columns(len(fields))
    numbers = [
        int(place.number_input(name, 0, most, key=session.kept(f"order.{name}", usual), step=1))
        for place, (name, usual, most) in zip(places, fields, strict=True)
    ]
    _fault(fault)
    return numbers


def _rules(chosen: Choice, regressors: list[str], errors: Mapping[str, str]) -> list[str]:
    """Ask for each column of a file what is known of its future."""
    rules = []
    for name in regressors:
        if chosen.file is not None and name in chosen.file.upload.further:
            rule = st.selectbox(
                say("future_of", name=name),
                _RULES,
                key=session.kept(f"rule.{name}", _RULES[0]),
                format_func=lambda one: say(f"rule_{one}"),
            )
            rules.append(f"{name}={rule}")
    _fault(_at(errors, "file.future"))
    return rules


def _at(errors: Mapping[str, str], field: str) -> str | None:
    """Return what is said of a field, or of a part of it such as `order.0`."""
    return next((text for name, text in errors.items() if name == field or name.startswith(f"{field}.")), None)


def _fault(sentence: str | None) -> None:
    if sentence:
        st.error(plain(sentence))


def _refusal(errors: Mapping[str, str]) -> None:
    """Say why a model was refused, where no field of the form is named."""
    if errors and not any(_at(errors, field) for field in _FIELDS):
        told = [text for field, text in errors.items() if field]
        st.error(plain("\n\n".join(told) or errors[""]))
