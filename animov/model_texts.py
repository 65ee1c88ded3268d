"""Models and work on them, told to people and to programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.time_texts import lasting
from forecast.specification import HORIZON, Specification
from storage.modelling.aliases import Change
from storage.modelling.models import Model
from storage.modelling.trainings import Training


def plain_model(model: Model) -> dict[str, Any]:
    """Return a model as plain data."""
    plain = asdict(model) | {"specification": json.loads(model.specification)}
    return plain | {"created_at": model.created_at.isoformat(), "aliases": list(model.aliases)}


def plain_work(work: Training) -> dict[str, Any]:
    """Return work as plain data."""
    times = ("asked_at", "started_at", "finished_at")
    told = {name: None if (at := getattr(work, name)) is None else at.isoformat() for name in times}
    return asdict(work) | told


def model_line(model: Model, title: str) -> str:
    """Tell a model in a line."""
    aliases = ", ".join(model.aliases)
    return (
        f"{model.id:>5}  {model.created_at:%Y-%m-%d %H:%M}  {title:<24}  {_name(model):<44}  {aliases}".rstrip() + "\n"
    )


def work_line(work: Training, title: str) -> str:
    """Tell work in a line: what it is about, how far it is, what came of it."""
    running = f"{work.progress:.0%} of about {lasting(work.expected_s, 'en')}" if work.expected_s is not None else ""
    made = f"model {work.model_id}" if work.model_id is not None else ""
    came = {"waiting": "", "running": running, "done": made}.get(work.state, work.error)
    about = work.request.get("model", "")
    line = (
        f"{work.id:>5}  {work.asked_at:%Y-%m-%d %H:%M}  {title:<24}  {work.kind:<8}{about!s:<6}{work.state:<10}{came}"
    )
    return line.rstrip() + "\n"


def told_training(work: Training, model: Model) -> str:
    """Tell what a training made and found."""
    return (
        f"training {work.id} made model {model.id}, {_name(model)}: {', '.join(model.aliases) or 'as known before'}\n"
        + _figures(work)
    )


def _figures(work: Training) -> str:
    figures = {name: value for name, value in work.metrics.items() if "rmse" in name}
    return "".join(f"  {name:<32}{value:.4f}\n" for name, value in figures.items())


def told_model(model: Model, title: str, made: Training | None, changes: Sequence[Change]) -> str:
    """Tell all of a model.

    Args:
        model: The model.
        title: What it is of.
        made: Its training, unless forgotten.
        changes: Those that it was part of.
    """
    lines = [f"model {model.id} of {title}: {_name(model)}\n", f"  aliases: {', '.join(model.aliases) or 'none'}\n"]
    lines += [f"  {name} = {value:.4g}\n" for name, value in model.parameters.items()]
    lines += [_figures(made)] if made else []
    for one in changes:
        way = "becomes" if one.to_model == model.id else "is no longer"
        tested = f", p = {one.evidence['p_value']:.3g}" if "p_value" in one.evidence else ""
        lines.append(f"  {one.at:%Y-%m-%d %H:%M} {way} {one.alias}: {one.why}{tested}\n")
    return "".join(lines)


def told_errors(work: Training) -> str:
    """Tell the errors of the models of some work by band of horizon."""
    bands = sorted(work.metrics["models"][0]["bands"], key=_first_step)
    width = max(len(one["specification"]) for one in work.metrics["models"]) + 2
    lines = [f"{'RMSE':<{width}}" + "".join(f"{band:>9}" for band in bands) + "\n"]
    for one in work.metrics["models"]:
        errors = [one["bands"][band]["rmse"] for band in bands]
        cells = "".join(f"{'-' if error is None else format(error, '.3f'):>9}" for error in errors)
        lines.append(f"{one['specification']:<{width}}{cells}\n")
    return "".join(lines)


def _first_step(band: str) -> int:
    """Return the first step of a band of horizon; all steps together come last."""
    first = band.partition("-")[0]
    return int(first) if first.isdecimal() else HORIZON


def told_verdict(work: Training) -> str:
    """Tell what a comparison found."""
    evidence = work.metrics["evidence"]
    told = f"{evidence['origins']} origins, p = {evidence['p_value']:.3g} that the second is no better"
    return f"{told}{'; ' + evidence['untested'] if 'untested' in evidence else ''}\n"


def _name(model: Model) -> str:
    return str(Specification.from_json(model.specification))
