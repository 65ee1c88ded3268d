"""A model that was fitted to labels, put to use: from a time on, or for the whole past too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from core.errors import ConflictError
from core.readings import CollarName
from core.settings import Settings
from core.timeline import to_ms
from storage.engine import clocks
from storage.engine.database import Connection, Engine
from storage.evidence.registry import Calibration
from storage.herds import calibrations, herd
from storage.herds.calibrations import Known
from storage.modelling import tracking
from stream.calibrating.fitting import Fitted, kept
from stream.calibrating.judging import Scores
from stream.calibrating.publishing import first_effect, republish
from stream.contribution import NECKS
from stream.runner import MakeDecoder


class Used(NamedTuple):
    """From when on how many collars are read with a model (`None` is since ever), and the raw messages read again."""

    start: datetime | None
    collars: int
    read_again: int


def use_model(
    engine: Engine,
    settings: Settings,
    make_decoder: MakeDecoder,
    farm_id: int,
    fitted: Fitted,
    *,
    start: datetime | None,
    history: bool,
) -> Used:
    """Let all neck collars and ear tags of a farm be read with a model; MLflow is told of it when it is there.

    Args:
        engine: As the role that writes.
        settings: Limits of what is read again.
        make_decoder: For what is read again.
        farm_id: The farm.
        fitted: The model, and how it did.
        start: From when on; `None` is as soon as all who read messages can agree, see `first_effect`.
        history: Whether the whole past is read so instead, and again.

    Raises:
        ConflictError: `start` is too soon, there is no such collar, or the past of one is being read again.
    """
    model, begun = kept(fitted.model), dict[CollarName, int]()
    with engine.begin() as connection:
        herd.lock_farm(connection, farm_id)
        soonest = first_effect(connection, settings)
        if start is not None and start < soonest:
            raise ConflictError(f"{start.isoformat()} is too soon: from {soonest.isoformat()} on all readers agree")
        effective = start or soonest
        necks = [one for one in calibrations.known(connection, farm_id) if one.calibrations and _is_neck(one)]
        if not necks:
            raise ConflictError("no collar of this farm is worn on a neck or an ear")
        if pending := [str(one.name) for one in necks if one.pending is not None]:
            raise ConflictError(f"the past of {', '.join(pending)} is being read again; try when that is done")
        for one in necks:
            if history:
                past = [_with(made, model) for made in one.calibrations]
                begun[one.name] = calibrations.start_history(connection, one.collar_id, past)
            else:
                _use_from(connection, one, model, to_ms(effective))
        told = {"model": model, "metrics": _metrics(fitted), "params": {"collars": str(len(necks))}}
        now = clocks.read(connection).now()
        key = f"posture:{farm_id}:{now.isoformat()}"
        tracking.put(connection, "posture", key, told, farm_id=farm_id, at=now)
    return Used(None if history else effective, len(necks), republish(engine, settings, make_decoder, begun, None))


def _use_from(connection: Connection, one: Known, model: Mapping[str, Any], start: int) -> None:
    """Add the model to the latest calibration, from an instant on or as soon as that one has taken effect."""
    latest = one.calibrations[-1]
    effective = max(start, latest.effective_from + 1)
    calibrations.append_live(connection, one.collar_id, _with(latest, model)._replace(effective_from=effective))


def _is_neck(one: Known) -> bool:
    return one.calibrations[-1].mount in NECKS


def _with(made: Calibration, model: Mapping[str, Any]) -> Calibration:
    return made._replace(parameters={**made.parameters, "model": dict(model)}) if made.mount in NECKS else made


def _metrics(fitted: Fitted) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, scores in (("by_animal", fitted.by_animal), ("by_day", fitted.by_day)):
        if isinstance(scores, Scores):
            metrics |= {f"{name}_{what}": value for what, value in figures(scores).items() if value == value}  # noqa: PLR0124 - no NaN in JSON
    return metrics


def figures(scores: Scores) -> dict[str, float]:
    """Return what is told of scores, by name."""
    return {
        "balanced_accuracy": scores.balanced_accuracy,
        "precision_standing": scores.precision_standing,
        "precision_lying": scores.precision_lying,
        "unknown": scores.unknown,
    }
