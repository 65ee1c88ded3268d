"""Searches for regressors and re-selections, told to people and to programs."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from forecast.specification import Specification
from storage.modelling.selections import RegressorSelection, Reselection

_FIGURES: Final = {
    "rmse with": "rmse_with",
    "without": "rmse_without",
    "difference": "difference",
    "std. error": "standard_error",
    "p": "p",
    "bar": "bar",
}


def plain_selection(selection: RegressorSelection) -> dict[str, Any]:
    """Return a search as plain data."""
    plain = asdict(selection) | {"specification": json.loads(selection.specification)}
    return plain | {"made_at": selection.made_at.isoformat()}


def plain_reselection(made: Reselection) -> dict[str, Any]:
    """Return a re-selection as plain data."""
    return made._asdict() | {"seen_at": made.seen_at.isoformat(), "made_at": made.made_at.isoformat()}


def told_selection(selection: RegressorSelection, named: Mapping[int, str]) -> str:
    """Tell a search: a line for each regressor that was judged, then what became of the models.

    Args:
        selection: The search.
        named: What people call the series of the farm, by id.
    """
    compared = selection.comparisons
    of = "all groups" if selection.series_id is None else named[selection.series_id]
    days = f"{compared['first_origin'][:10]} to {compared['last_origin'][:10]}"
    lines = [
        f"regressors of {of}, searched {selection.made_at:%Y-%m-%d %H:%M} ({selection.why})",
        f"{compared['models']} models judged a day ahead, {days}",
        f"kept: {', '.join(compared['kept']) or 'none'} in {Specification.from_json(selection.specification)}",
        _line("regressor", list(_FIGURES), "kept"),
    ]
    for one in compared["tried"]:
        cells = [_figure(one[name]) for name in _FIGURES.values()]
        lines.append(_line(one["regressor"], cells, "yes" if one["kept"] else "no"))
    lines += [_change(one, named) for one in compared.get("changes", ())]
    return "".join(f"{line}\n" for line in lines)


def told_reselection(made: Reselection, named: Mapping[int, str]) -> str:
    """Tell a re-selection: what was seen, what was tried, what was decided."""
    seen, tried = made.seen, made.tried
    decided = f"model {made.model_id} reigns" if made.decision == "promoted" else "the champion stays"
    if "overtaken_by" in tried:
        decided += ", which has changed meanwhile"
    lines = [
        f"{made.made_at:%Y-%m-%d %H:%M} {named[made.series_id]} had lost its skill: {decided}",
        f"  seen: RMSE {seen['rmse']:.4f} in 7 days, {seen['baseline_rmse']:.4f} of {seen['baseline']}",
        f"  skill {seen['skill']:.3f}, below {seen['threshold']:g}",
        f"  tried: {tried['challengers']} challengers, best {tried['best']}, p = {tried['p_value']:.3g}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, cells: list[str], kept: str) -> str:
    return f"  {name:<20}" + "".join(f"{cell:>12}" for cell in cells) + f"  {kept}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) < 0.01 else f"{value:.4f}"


def _change(one: Mapping[str, Any], named: Mapping[int, str]) -> str:
    name = named.get(one["series"], f"series {one['series']}")
    decided = f"{one['challenger']} reigns" if one["decision"] == "promoted" else f"{one['champion']} stays"
    return f"  {name}: {decided}; RMSE {_figure(one['rmse_challenger'])}, {_figure(one['rmse_champion'])} before"
