"""What the first AniMOV's clients are told of work that has ended, in its own words."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.first.failures import failure_of
from api.first.messages import MessageError
from api.first.posted import POSTED, written_like
from api.forms.answers import Answer
from api.models.results import FORECAST_CSV, rows_of
from api.models.trainings import INPUT_CSV
from core.ratios import DATE
from core.wallclock import zone_named
from storage.engine.database import Connection
from storage.herds import farms
from storage.modelling.trainings import Training

MODEL: Final = "SARIMAXModel"
"""What the registered model is called."""

Tell = Callable[[Connection, Training], Response]


class Trained(Answer):
    """What came of a training."""

    predictions: str = Field(
        description="JSON text of records `Index`, `Date`, `Valeurs`: what was foretold of the last two days.",
        examples=['[{"Index": 0, "Date": "2026-03-29 14:15:00", "Valeurs": 0.61}]'],
    )
    validation_rmse: float = Field(description="Of these two days, foretold at once.", examples=[0.15])
    run_id: str = Field(description="Number of the training; MLflow's run has the tag animov.key = training:NUMBER.")


class Predicted(Answer):
    """What was foretold of posted rows."""

    predictions: str = Field(
        description="JSON text of records `Date`, `Valeurs`: one for each posted date, then those of `horizon`.",
        examples=['[{"Date": "2026-03-29 14:15:00", "Valeurs": 0.61}]'],
    )
    model_name: str = Field(examples=[MODEL])
    model_version: int = Field(description="Number of the model.", examples=[7])
    remarque: str | None = Field(None, description="Which of them a simple mean stands for; left out if none.")


def trained(connection: Connection, work: Training) -> Response:
    """Tell what a training came to."""
    foretold = list(rows_of(connection, work.id, FORECAST_CSV))
    kept = _written(connection, work)
    dates = _dates(connection, work, [datetime.fromisoformat(row[DATE]) for row in foretold], kept)
    records = [
        {"Index": index, "Date": date, "Valeurs": float(row["mean"])}
        for index, (date, row) in enumerate(zip(dates, foretold, strict=True))
    ]
    return _json(
        Trained(predictions=json.dumps(records), validation_rmse=work.metrics["validation_rmse"], run_id=str(work.id))
    )


def predicted(connection: Connection, work: Training) -> Response:
    """Tell what was foretold of posted rows."""
    foretold = list(rows_of(connection, work.id, FORECAST_CSV))
    kept = _written(connection, work)
    ahead = [datetime.fromisoformat(row[DATE]) for row in foretold[len(kept) :]]
    dates = [*kept.values(), *_dates(connection, work, ahead, kept)]
    records = [{"Date": date, "Valeurs": float(row["mean"])} for date, row in zip(dates, foretold, strict=True)]
    return _json(
        Predicted(
            predictions=json.dumps(records),
            model_name=MODEL,
            model_version=work.request["model"],
            remarque=_remark(work.metrics),
        )
    )


def answer_of(connection: Connection, work: Training, tell: Tell) -> Response | None:
    """Return the answer that some work came to; `None` while it goes on.

    Raises:
        MessageError: it failed, or was cancelled.
    """
    if work.finished_at is None:
        return None
    if work.state == "cancelled":
        raise MessageError("Le calcul a été annulé.", HTTPStatus.CONFLICT)
    if work.state == "failed":
        raise MessageError(failure_of(work))
    return tell(connection, work)


def _written(connection: Connection, work: Training) -> dict[datetime, str]:
    """Return the posted dates as they were written, by instant, in order."""
    return {datetime.fromisoformat(row[DATE]): row[POSTED] for row in rows_of(connection, work.id, INPUT_CSV)}


def _dates(
    connection: Connection, work: Training, instants: Sequence[datetime], kept: dict[datetime, str]
) -> list[str]:
    """Write instants as they were posted, or else like the last posted date."""
    zone, last = zone_named(farms.farm(connection, work.subject.farm_id).time_zone), next(reversed(kept.values()))
    return [kept[at] if at in kept else written_like(at, last, zone) for at in instants]


def _remark(figures: Any) -> str | None:
    simple = figures["rows"] - figures["by_model"]
    if simple:
        return f"{simple} valeur(s) sur {figures['rows']}: simple moyenne, faute d'historique pour le modèle."
    if figures["moved_days"]:
        return "Le rythme du jour est celui de l'entraînement, qui est plus ancien que ce que le modèle regarde."
    return None


def _json(answer: Answer) -> Response:
    return JSONResponse(answer.model_dump(exclude_none=True))
