"""What a training foretold of the two days that it did not see, and its files."""

import csv
from collections.abc import Iterator
from datetime import datetime, tzinfo
from io import StringIO
from typing import Annotated, Any, Final, Self

from fastapi import Path
from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.times import Zone
from api.models.subjects import TrainingId
from api.people.callers import Caller
from core.errors import NotFoundError
from storage.engine.database import Connection
from storage.modelling import trainings

router = Router(prefix="/v1/trainings/{training}", tags=["trainings"])

FORECAST_CSV: Final = "forecast.csv"

ArtefactName = Annotated[
    str, Path(pattern=r"^[a-z]{1,20}\.(csv|png)$", description="As the training lists them.", examples=["forecast.csv"])
]
_FILES: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {}, "image/png": {}}}}


class BaselineValues(Answer):
    """What simple rules said; null where they had no history to go by."""

    persistence: float | None = Field(description="As it was last.", examples=[0.55])
    mean: float | None = Field(description="The mean of the history.", examples=[0.58])
    seasonal_naive: float | None = Field(description="As it was at this time of the day before.", examples=[0.63])
    mean_14d: float | None = Field(description="As it was at this time of day over 14 days.", examples=[0.6])


class HeldOutStep(Answer):
    """One step of what was held out; ratios, or whatever the unit of a file was."""

    at: datetime = Field(description="Start of the step.")
    truth: float | None = Field(description="What came; null where not known.", examples=[0.6])
    mean: float = Field(description="What was foretold.", examples=[0.58])
    lower80: float = Field(description="In 80 of 100 cases it is not below this...", examples=[0.45])
    upper80: float = Field(description="...nor above this.", examples=[0.71])
    lower95: float = Field(description="In 95 of 100 cases it is not below this...", examples=[0.38])
    upper95: float = Field(description="...nor above this.", examples=[0.78])
    baselines: BaselineValues

    @classmethod
    def of(cls, row: dict[str, str], zone: tzinfo) -> Self:
        """Read a row of the file."""
        numbers = {name: float(cell) if cell else None for name, cell in row.items() if name != "date"}
        return cls.model_validate(
            {
                "at": datetime.fromisoformat(row["date"]).astimezone(zone),
                "truth": numbers.pop("ratio_debout"),
                "baselines": {name: numbers.pop(f"baseline_{name}") for name in BaselineValues.model_fields},
                **numbers,
            }
        )


class Results(Answer):
    """What a training foretold, step by step."""

    training: int = Field(examples=[12])
    steps: list[HeldOutStep]


@router.get("/results")
def get_training_results(caller: Caller, training: TrainingId, zone: Zone) -> Results:
    """Return what a training foretold of the days that were held out, beside what came and the baselines."""
    if trainings.find(caller.connection, training).kind != "train":
        raise NotFoundError("results of training", training)
    rows = rows_of(caller.connection, training, FORECAST_CSV)
    return Results(training=training, steps=[HeldOutStep.of(row, zone) for row in rows])


@router.get("/artefacts/{artefact}", response_class=Response, responses=_FILES)
def get_training_artefact(caller: Caller, training: TrainingId, artefact: ArtefactName) -> Response:
    """Return a file of a training: the tables, the picture, what was uploaded."""
    content = trainings.artefact(caller.connection, trainings.find(caller.connection, training).id, artefact)
    media_type = "image/png" if artefact.endswith(".png") else "text/csv; charset=utf-8"
    disposition = f'attachment; filename="training-{training}-{artefact}"'
    return Response(content, headers={"Content-Disposition": disposition}, media_type=media_type)


def rows_of(connection: Connection, training_id: int, name: str) -> Iterator[dict[str, str]]:
    """Read a table of a training, a row at a time, by column."""
    found = trainings.find(connection, training_id)
    yield from csv.DictReader(StringIO(trainings.artefact(connection, found.id, name).decode()))
