"""What a model foretells of its series from now on, whoever reigns."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.forms.late_routes import Router
from api.forms.times import Zone
from api.forms.values import ONLY_WHOLE
from api.models.subjects import ManagedModel
from api.models.trainings import Training, created
from api.people.callers import Caller
from storage.herds import readable
from storage.modelling import trainings

router = Router(prefix="/v1/models/{model}", tags=["models"])


class NewPrediction(BaseModel):
    """How far a model is to look ahead."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"horizon": 96}]})

    horizon: Annotated[int, ONLY_WHOLE] = Field(192, ge=1, le=192, description="Steps to foretell.", examples=[96])


@router.post("/predictions", status_code=HTTPStatus.CREATED)
def create_prediction(
    caller: Caller, found: ManagedModel, wanted: NewPrediction, zone: Zone, response: Response
) -> Training:
    """Let a model foretell its series from its end on, with bands; a worker does it.

    Of a group or the herd from now, of a file from its last value. `forecast.csv` of the work, which is kept for a
    day, has a row for each step: `date`, `mean`, `lower80`, `upper80`, `lower95`, `upper95`. Nobody's champion changes.
    """
    now = readable.now(caller.connection)
    request = {"model": found.id, "horizon": wanted.horizon}
    number = trainings.ask(caller.connection, "predict", found.subject, request, requested_by=caller.actor, at=now)
    trainings.start(caller.connection, number)
    return created(caller, number, zone, response)
