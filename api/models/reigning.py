"""Who forecasts: models tested, compared and promoted, by a worker; made champion by order, or rolled back, at once."""

from datetime import tzinfo
from http import HTTPStatus

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.times import Zone
from api.herd.changing import Id
from api.models.models import Model
from api.models.subjects import ManagedModel, namer
from api.models.trainings import Training, created, put_down
from api.people.callers import Caller
from core.errors import ConflictError
from core.problem_texts import say
from storage.access import audit
from storage.access.scoping import Scope
from storage.herds import readable
from storage.modelling import aliases, models, trainings
from storage.modelling.trainings import Kind

router = Router(prefix="/v1/models/{model}", tags=["models"])


class Rival(BaseModel):
    """What a model is compared with."""

    model_config = ConfigDict(extra="forbid")

    against: Id | None = Field(None, description="Another model of the series; the champion if left out.", examples=[7])


class Reign(Answer):
    """Who reigns now over a series."""

    champion: Model | None = Field(description="Null: the farm's default model.")


@router.post("/test", status_code=HTTPStatus.CREATED)
def test_model(caller: Caller, found: ManagedModel, zone: Zone, response: Response) -> Training:
    """Let a model forecast from rolling origins on held-out days, and score it; a worker does it."""
    return _asked(caller, "test", found, {}, zone=zone, response=response)


@router.post("/compare", status_code=HTTPStatus.CREATED)
def compare_model(caller: Caller, found: ManagedModel, rival: Rival, zone: Zone, response: Response) -> Training:
    """Compare a model with another on the same held-out origins, and test the difference; a worker does it."""
    _refuse_pair(caller, found.id, rival.against)
    against = {} if rival.against is None else {"against": rival.against}
    return _asked(caller, "compare", found, against, zone=zone, response=response)


@router.post("/promote", status_code=HTTPStatus.CREATED)
def promote_model(caller: Caller, found: ManagedModel, zone: Zone, response: Response) -> Training:
    """Make a model champion if it wins a comparison with the one that reigns; a worker compares them."""
    return _asked(caller, "promote", found, {}, zone=zone, response=response)


@router.put("/champion")
def crown_model(caller: Caller, found: ManagedModel, zone: Zone) -> Model:
    """Let a model reign without a comparison."""
    now = readable.now(caller.connection)
    aliases.point(caller.connection, found.subject, "champion", found.id, why="order", at=now)
    audit.note(caller, found.subject.farm_id, "model.crowned", f"model {found.id}")
    return _told(caller, found.id, zone)


@router.post("/rollback")
def roll_back_model(caller: Caller, found: ManagedModel, zone: Zone) -> Reign:
    """Let the champion before this one reign again; refused where this one does not reign."""
    if aliases.locked_champion(caller.connection, found.subject) != found.id:
        raise ConflictError(say("not_champion", model=found.id))
    try:
        back = aliases.roll_back(caller.connection, found.subject, at=readable.now(caller.connection))
    except ConflictError:
        raise ConflictError(say("no_champion_before")) from None
    audit.note(caller, found.subject.farm_id, "model.rolled_back", f"model {found.id}", {"champion": back})
    return Reign(champion=None if back is None else _told(caller, back, zone))


def _refuse_pair(caller: Scope, model: int, against: int | None) -> None:
    """Refuse models that can't be compared, in the language of whoever asks."""
    try:
        models.check_pair(caller.connection, model, against)
    except ConflictError:
        if against in {None, model}:  # left out it is the champion: of the same series
            raise ConflictError(say("compared_with_itself", model=model)) from None
        raise ConflictError(say("compared_across", model=model, against=against)) from None


def _asked(
    caller: Scope, kind: Kind, found: models.Model, further: dict[str, int], *, zone: tzinfo, response: Response
) -> Training:
    number = put_down(caller, kind, found.subject, {"model": found.id, **further})
    trainings.start(caller.connection, number)
    return created(caller, number, zone, response)


def _told(caller: Scope, model: int, zone: tzinfo) -> Model:
    found = models.find_model(caller.connection, model)
    return Model.of_stored(found, namer(caller.connection, found.subject.farm_id)(found.subject), zone)
