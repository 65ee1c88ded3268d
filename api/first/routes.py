"""The first AniMOV's four routes, and where to ask for an answer that was not waited for."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api.first.awaiting import Awaited, accepted, prefers_async
from api.first.messages import NO_CHAMPION, NO_RIGHT, Message, MessageError
from api.first.posted import Row, check_trainable, rows_of, table_of
from api.first.told import MODEL, Predicted, Tell, Trained, answer_of, predicted, trained
from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.models.subjects import TrainingId
from api.models.trainings import INPUT_CSV, put_down
from api.people.callers import Caller
from api.people.permits import permit
from core.errors import NotFoundError
from core.wallclock import zone_named
from storage.access.scoping import Scope
from storage.herds import readable
from storage.modelling import models, trainings
from storage.modelling.models import Subject
from storage.modelling.trainings import Kind

_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Message, "description": description}
    for status, description in {
        400: "Something is missing or not allowed.",
        401: "The token is missing or lets nobody in.",
        403: "This needs another role on the farm.",
        422: "A parameter is not allowed.",
        404: "There is no such thing.",
        409: "There is no champion, or the work was cancelled.",
        503: "The database does not answer, or the work is not done yet.",
    }.items()
}
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": Message, "description": "It goes on; ask again at `Location`."}
}

router = Router(tags=["first AniMOV"], responses=_REFUSALS)

FILE: Final = "first-animov"
"""What the series is called that `/train` trains on."""

_FARM_NAME: Final = r"^[A-Za-z0-9_-]{1,64}$"
_MANY: Final = 50

OneFarm = Annotated[
    str | None, Query(alias="farm", pattern=_FARM_NAME, description="Which farm; your only one if left out.")
]
Prefer = Annotated[str | None, Header(description="`respond-async`: answer at once with 202.", max_length=256)]
Horizon = Annotated[int, Query(ge=0, le=192, description="Steps to foretell after the last posted date.")]

_ROW: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["date", "ratio_debout"],
    "properties": {
        "date": {"type": "string"},
        "ratio_debout": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    },
}
_ROWS: Final[dict[str, Any]] = {"type": "array", "minItems": 1, "items": _ROW}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_ROWS, {"type": "object", "required": ["data"], "properties": {"data": _ROWS}}]},
                "examples": {"rows": {"value": [{"date": "2026-03-29 14:15:00", "ratio_debout": 0.6}]}},
            }
        },
    }
}


class FirstError(Answer):
    """The error of a model on the two days that its training did not see."""

    date: str = Field(description="End of the training, on the farm's wall clock.", examples=["2026-03-29T14:15:00"])
    model_name: str = Field(examples=[MODEL])
    model_version: int = Field(description="Number of the model.", examples=[7])
    rmse: float = Field(description="Root mean squared error, in ratios.", examples=[0.15])


async def _body(request: Request) -> bytes:
    return await request.body()


def _farm(caller: Caller, farm: OneFarm = None) -> readable.Farm:
    if farm is not None:
        try:
            return readable.farm(caller.connection, farm)
        except NotFoundError:
            raise MessageError(f"L'exploitation {farm} est introuvable.", HTTPStatus.NOT_FOUND) from None
    own = readable.farms(caller.connection, after=0, limit=_MANY)
    if not own:
        raise MessageError(NO_RIGHT, HTTPStatus.FORBIDDEN)
    if len(own) > 1:
        raise MessageError(f"Précisez l'exploitation, ?farm=NOM: {', '.join(one.name for one in own)}.")
    return own[0]


Farm = Annotated[readable.Farm, Depends(_farm)]
Body = Annotated[bytes, Depends(_body)]


@router.post("/train", response_model=Trained, responses=_ACCEPTED, openapi_extra=_BODY)
def train(caller: Caller, farm: Farm, body: Body, prefer: Prefer = None) -> Response:
    """Train a model on posted rows, all but the last two days of them, and validate it on these.

    The first model is champion at once, later ones have to win: `POST /v1/models/{model}/promote`.
    """
    permit(caller, farm.id, "manager")
    rows = rows_of(body, zone_named(farm.time_zone))
    check_trainable(rows)
    request = {
        "preset": FILE,
        "zone": farm.time_zone,
        "latitude": farm.latitude,
        "longitude": farm.longitude,
    }
    number = put_down(caller, "train", Subject(farm.id, None, FILE), request)
    _begin(caller, number, rows)
    return _answer(caller, number, f"/train/{number}", trained, prefer)


@router.post("/predict", response_model=Predicted, responses=_ACCEPTED, openapi_extra=_BODY)
def predict(caller: Caller, farm: Farm, body: Body, horizon: Horizon = 0, prefer: Prefer = None) -> Response:
    """Foretell each posted date from the rows before it by the champion's parameters, then `horizon` steps more."""
    rows = rows_of(body, zone_named(farm.time_zone))
    champion = models.champion_for(caller.connection, farm.id, FILE)
    if champion is None:
        raise MessageError(NO_CHAMPION, HTTPStatus.CONFLICT)
    now = readable.now(caller.connection)
    request = {"model": champion.id, "horizon": horizon}
    number = trainings.ask(caller.connection, "predict", champion.subject, request, requested_by=caller.actor, at=now)
    _begin(caller, number, rows)
    return _answer(caller, number, f"/predict/{number}", predicted, prefer)


@router.get("/train/{training}", operation_id="get_train", response_model=Trained, responses=_ACCEPTED)
def get_train(caller: Caller, training: TrainingId) -> Response:
    """Return what a training came to, once it has ended."""
    return _later(caller, training, "train", trained)


@router.get("/predict/{prediction}", operation_id="get_predict", response_model=Predicted, responses=_ACCEPTED)
def get_predict(caller: Caller, prediction: TrainingId) -> Response:
    """Return what was foretold of posted rows, once it has been; it is kept for a day."""
    return _later(caller, prediction, "predict", predicted)


@router.get("/rmse")
def rmse(caller: Caller, farm: Farm) -> list[FirstError]:
    """List the validation errors of the farm's models, the earliest first; the latest 1000 of them."""
    zone = zone_named(farm.time_zone)
    done = trainings.newest(caller.connection, farm.id, 1000, kinds=("train",), states=("done",))
    return [
        FirstError(
            date=_naive(work.finished_at.astimezone(zone)),
            model_name=MODEL,
            model_version=work.model_id,
            rmse=work.metrics["validation_rmse"],
        )
        for work in reversed(done)
        if work.finished_at is not None and work.model_id is not None
    ]


def _begin(caller: Scope, number: int, rows: list[Row]) -> None:
    trainings.keep(caller.connection, number, INPUT_CSV, table_of(rows))
    trainings.start(caller.connection, number)


def _answer(caller: Scope, number: int, location: str, tell: Tell, prefer: str | None) -> Response:
    return accepted(location) if prefers_async(prefer) else Awaited(caller, number, location, tell)


def _later(caller: Scope, number: int, kind: Kind, tell: Tell) -> Response:
    try:
        work = trainings.find(caller.connection, number)
    except NotFoundError:
        work = None
    if work is None or work.kind != kind or INPUT_CSV not in work.artefacts:
        raise MessageError(f"Le calcul {number} est introuvable.", HTTPStatus.NOT_FOUND)
    return answer_of(caller.connection, work, tell) or accepted(f"/{kind}/{number}")


def _naive(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="seconds")
