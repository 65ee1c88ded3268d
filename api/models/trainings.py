"""Trainings and other work on models: asked for, followed, given up."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from http import HTTPStatus
from typing import Annotated, Any, Final, Self

from fastapi import Query, Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import Zone
from api.models.figures import Judgement, TrainingFigures, picked
from api.models.models import NEWEST
from api.models.subjects import ManagedFarm, ManagedWork, ModelSubject, TrainingId, namer, series_for
from api.models.wishes import NewTraining
from api.people.callers import Caller
from core.errors import ConflictError
from core.problem_texts import say
from storage.access import audit
from storage.access.scoping import Scope
from storage.engine.database import Connection
from storage.herds import farms, readable
from storage.modelling import trainings
from storage.modelling.models import Subject
from storage.modelling.trainings import Kind, State

router = Router(prefix="/v1", tags=["trainings"])

INPUT_CSV: Final = "input.csv"

OfKind = Annotated[list[Kind] | None, Query(alias="kind", description="Only of this kind; again for another.")]
InState = Annotated[list[State] | None, Query(alias="state", description="Only in this state; again for another.")]


class Request(Answer):
    """What was asked for; null where it does not apply or was left to the defaults."""

    order: list[int] | None = Field(None, examples=[[2, 0, 1]])
    seasonal_order: list[int] | None = Field(None, examples=[[0, 0, 0, 0]])
    harmonics: int | None = Field(None, examples=[6])
    weekly_harmonics: int | None = Field(None, examples=[0])
    regressors: list[str] | None = Field(None, examples=[["solar_elevation"]])
    history_days: float | None = Field(None, examples=[21])
    preset: str | None = Field(None, examples=["first-animov"])
    zone: str | None = Field(None, examples=["Europe/Paris"])
    unit: str | None = Field(None, examples=["ratio"])
    future: list[str] | None = Field(None, examples=[["temperature=day"]])
    latitude: float | None = Field(None, examples=[45.1])
    longitude: float | None = Field(None, examples=[1.5])
    model: int | None = Field(None, description="The model that is judged.", examples=[8])
    against: int | None = Field(None, description="What it is compared with, if not the champion.", examples=[7])
    horizon: int | None = Field(None, description="Steps after posted rows.", examples=[4])


class Training(Answer):
    """Work on models."""

    id: int = Field(examples=[12])
    of: ModelSubject
    kind: Kind = Field(description="`train` makes a model, the others judge some.")
    state: State
    progress: float = Field(description="Share done, 0 to 1.", examples=[0.4])
    expected_s: float | None = Field(description="Seconds that it should take; null before that is known.")
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    requested_by: str = Field(examples=["marie"])
    request: Request
    error: str = Field(description="Why it failed; else empty.", examples=[""])
    model: int | None = Field(description="The model that was made, or judged.", examples=[8])
    artefacts: list[str] = Field(description="Names of its files.", examples=[["forecast.csv", "plot.png"]])
    figures: TrainingFigures | None = Field(description="What a training found, once it is done.")
    judgement: Judgement | None = Field(description="What a test, comparison or promotion found, once it is done.")

    @classmethod
    def of_stored(cls, work: trainings.Training, of: ModelSubject, zone: tzinfo) -> Self:
        """Tell work in a time zone."""
        done = work.state == "done"
        return cls(
            id=work.id,
            of=of,
            kind=work.kind,
            state=work.state,
            progress=work.progress,
            expected_s=work.expected_s,
            asked_at=work.asked_at.astimezone(zone),
            started_at=_in(work.started_at, zone),
            finished_at=_in(work.finished_at, zone),
            requested_by=work.requested_by,
            request=picked(Request, work.request),
            error=work.error,
            model=work.model_id,
            artefacts=list(work.artefacts),
            figures=TrainingFigures.of(work.metrics) if done and work.kind == "train" else None,
            judgement=Judgement.of(work.metrics) if done and work.kind not in {"train", "predict"} else None,
        )


class Trainings(Page):
    """A part of a farm's work on models, what was asked last first."""

    items: list[Training]


@router.get("/farms/{farm}/trainings", response_model=Trainings)
def list_trainings(
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    asked: Annotated[Asked, listing(Training)],
    *,
    kind: OfKind = None,
    state: InState = None,
) -> Response:
    """List trainings, tests, comparisons and promotions of a farm, what was asked last first."""
    farm_id = readable.farm(caller.connection, farm).id
    named = namer(caller.connection, farm_id)

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[trainings.Training]:
        return trainings.newest(
            connection,
            farm_id,
            most,
            kinds=kind or trainings.ON_MODELS,
            states=state or trainings.STATES,
            before=where.after,
        )

    return asked.answer(
        caller, Listing(NEWEST, find, by_id, lambda one: Training.of_stored(one, named(one.subject), zone))
    )


@router.post("/farms/{farm}/trainings", status_code=HTTPStatus.CREATED)
def create_training(  # noqa: PLR0917 - each is a part of the request
    caller: Caller, farm_id: ManagedFarm, farm: FarmName, wanted: NewTraining, zone: Zone, response: Response
) -> Training:
    """Ask for a training: of a group, the herd, or an uploaded series; a worker does it.

    Members that are left out are those of the default model, and without `group` and `file` it is of the herd: `{}`
    trains the herd's default model. The model becomes challenger; the first one of a file is champion at once.
    """
    wanted.check()
    wanted.check_regressors(farms.farm(caller.connection, farm_id))
    if wanted.file is None:
        subject = Subject(farm_id, series_for(caller.connection, farm, farm_id, wanted.group).id)
    else:
        subject = Subject(farm_id, None, wanted.file.name)
    number = put_down(caller, "train", subject, wanted.request())
    if wanted.file is not None:
        trainings.keep(caller.connection, number, INPUT_CSV, wanted.file.csv_text.encode())
    if wanted.start:
        trainings.start(caller.connection, number)
    return created(caller, number, zone, response)


@router.get("/trainings/{training}")
def get_training(caller: Caller, training: TrainingId, zone: Zone) -> Training:
    """Return a training or other work on models: how far it is, and what it found."""
    return told(caller.connection, trainings.find(caller.connection, training), zone)


@router.post("/trainings/{training}/start")
def start_training(caller: Caller, work: ManagedWork, zone: Zone) -> Training:
    """Have a worker begin with work that waits; asked for twice, it is done once."""
    if not trainings.start(caller.connection, work.id):
        raise ConflictError(say("training_begun", training=work.id, state=work.state))
    return told(caller.connection, work, zone)


@router.post("/trainings/{training}/cancel")
def cancel_training(caller: Caller, work: ManagedWork, zone: Zone) -> Training:
    """Cancel work that waits or is under way; whoever does it stops within a second or so."""
    if not trainings.give_up(caller.connection, work.id, at=readable.now(caller.connection)):
        ended = trainings.find(caller.connection, work.id)
        raise ConflictError(say("training_ended", training=work.id, state=ended.state))
    audit.note(caller, work.subject.farm_id, "training.cancelled", f"training {work.id}")
    return told(caller.connection, trainings.find(caller.connection, work.id), zone)


def put_down(caller: Scope, kind: Kind, subject: Subject, request: Mapping[str, Any]) -> int:
    """Put down work on models as wanted by a caller, and return its number; nobody has begun with it."""
    now = readable.now(caller.connection)
    number = trainings.ask(caller.connection, kind, subject, request, requested_by=caller.actor, at=now)
    about = namer(caller.connection, subject.farm_id)(subject)
    audit.note(caller, subject.farm_id, "training.asked", f"training {number} of {about}", {"kind": kind, **request})
    return number


def created(caller: Scope, number: int, zone: tzinfo, response: Response) -> Training:
    """Tell work that was put down, and where to follow it."""
    response.headers["Location"] = f"/v1/trainings/{number}"
    return told(caller.connection, trainings.find(caller.connection, number), zone)


def told(connection: Connection, work: trainings.Training, zone: tzinfo) -> Training:
    """Tell work."""
    return Training.of_stored(work, namer(connection, work.subject.farm_id)(work.subject), zone)


def _in(at: datetime | None, zone: tzinfo) -> datetime | None:
    return None if at is None else at.astimezone(zone)
