"""Models: what they are, what their training found, and when they were champion or challenger."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Final, Literal, Self

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import LARGEST_ID, FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import Zone
from api.models.figures import Evidence, TrainingFigures, picked
from api.models.subjects import ModelId, ModelSubject, namer, series_of_group
from api.people.callers import Caller
from core.errors import NotFoundError
from storage.engine.database import Connection
from storage.herds import readable
from storage.modelling import aliases, models, trainings
from storage.modelling.aliases import Change
from storage.modelling.models import Alias

router = Router(prefix="/v1", tags=["models"])

NEWEST: Final = AfterId(after=LARGEST_ID)
"""Where lists begin that go backwards by number."""

OfGroup = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only of this group.", examples=[3])]
WithAlias = Annotated[Alias | None, Query(description="Only champions, or only challengers.")]


class Model(Answer):
    """A model of a series; each cycle estimates its parameters anew."""

    id: int = Field(examples=[7])
    of: ModelSubject
    aliases: list[Literal["champion", "challenger"]] = Field(
        description="The champion forecasts; a challenger may win against it.", examples=[["champion"]]
    )
    order: list[int] = Field(description="p, d, q: of the ARMA and of differencing.", examples=[[2, 0, 1]])
    seasonal_order: list[int] = Field(description="P, D, Q, s: the same at a season.", examples=[[0, 0, 0, 0]])
    harmonics: int = Field(description="Sine and cosine pairs of the day.", examples=[6])
    weekly_harmonics: int = Field(description="The same of the week.", examples=[0])
    regressors: list[str] = Field(description="Further columns.", examples=[["solar_elevation", "milking"]])
    history_days: float = Field(description="Days that it is fitted to.", examples=[21])
    step_minutes: float = Field(description="Length of a step.", examples=[15])
    digest: str = Field(description="The same for what is no new model; hexadecimal digits.")
    parameters: dict[str, float] = Field(description="Estimates of the training that made it, by name.")
    created_at: datetime
    training: int | None = Field(description="The training that made it first; null if none did.", examples=[12])

    @classmethod
    def of_stored(cls, model: models.Model, of: ModelSubject, zone: tzinfo) -> Self:
        """Tell a model in a time zone."""
        plain = json.loads(model.specification)
        return cls(
            id=model.id,
            of=of,
            aliases=model.aliases,
            order=plain["order"],
            seasonal_order=plain["seasonal_order"],
            harmonics=plain["harmonics"],
            weekly_harmonics=plain.get("weekly_harmonics", 0),
            regressors=plain["regressors"],
            history_days=timedelta(seconds=plain["history"]) / timedelta(days=1),
            step_minutes=timedelta(seconds=plain["step"]) / timedelta(minutes=1),
            digest=model.digest,
            parameters=model.parameters,
            created_at=model.created_at.astimezone(zone),
            training=model.training_id,
        )


class Models(Page):
    """A part of a farm's models, the newest first."""

    items: list[Model]


class AliasChange(Answer):
    """An alias went from one model to another; null is the farm's default model, or nobody."""

    at: datetime
    alias: Literal["champion", "challenger"]
    from_model: int | None = Field(examples=[7])
    to_model: int | None = Field(examples=[8])
    why: Literal["trained", "first", "won", "order", "rollback", "reselection"]
    evidence: Evidence

    @classmethod
    def of(cls, change: Change, zone: tzinfo) -> Self:
        """Tell a change in a time zone."""
        plain = change._asdict() | {"at": change.at.astimezone(zone), "evidence": picked(Evidence, change.evidence)}
        return cls.model_validate(plain)


class ModelInFull(Model):
    """A model with what its training found and what became of it."""

    figures: TrainingFigures | None = Field(description="Of the training that made it; null if that is forgotten.")
    changes: list[AliasChange] = Field(description="When it became or ceased to be champion or challenger, and why.")


@router.get("/farms/{farm}/models", response_model=Models)
def list_models(
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    asked: Annotated[Asked, listing(Model)],
    *,
    group: OfGroup = None,
    alias: WithAlias = None,
) -> Response:
    """List the models of a farm, the newest first."""
    farm_id = readable.farm(caller.connection, farm).id
    named = namer(caller.connection, farm_id)
    series_id = series_of_group(caller.connection, farm, farm_id, group)

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[models.Model]:
        return models.page_of(connection, farm_id, before=where.after, limit=most, series_id=series_id, alias=alias)

    return asked.answer(
        caller, Listing(NEWEST, find, by_id, lambda one: Model.of_stored(one, named(one.subject), zone))
    )


@router.get("/models/{model}")
def get_model(caller: Caller, model: ModelId, zone: Zone) -> ModelInFull:
    """Return a model with what its training found and when it reigned."""
    found = models.find_model(caller.connection, model)
    of = namer(caller.connection, found.subject.farm_id)(found.subject)
    changes = aliases.changes_of(caller.connection, found.subject)
    return ModelInFull(
        **dict(Model.of_stored(found, of, zone)),
        figures=_figures(caller.connection, found.training_id),
        changes=[AliasChange.of(one, zone) for one in changes if model in {one.from_model, one.to_model}],
    )


@router.get("/models/{model}/plot", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def get_model_plot(caller: Caller, model: ModelId) -> Response:
    """Return the picture of the training that made a model: what it saw, what came, what it foretold."""
    found = models.find_model(caller.connection, model)
    if found.training_id is None:
        raise NotFoundError("picture of model", model)
    return Response(trainings.artefact(caller.connection, found.training_id, "plot.png"), media_type="image/png")


def _figures(connection: Connection, training_id: int | None) -> TrainingFigures | None:
    if training_id is None:
        return None
    return TrainingFigures.of(trainings.find(connection, training_id).metrics)
