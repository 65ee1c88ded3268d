"""Which regressors models keep and what says so, and what was done where a model's skill was lost."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Any, Literal

from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import Zone
from api.models.figures import BandAccuracy, Evidence, picked
from api.models.models import NEWEST
from api.models.subjects import ModelSubject, namer
from api.people.callers import Caller
from storage.engine.database import Connection
from storage.herds import readable
from storage.modelling import selections
from storage.modelling.models import Subject
from storage.modelling.selections import RegressorSelection
from storage.modelling.selections import Reselection as Made

router = Router(prefix="/v1/farms/{farm}", tags=["models"])


class TriedRegressor(Answer):
    """A regressor as it was last judged; null where a figure can't be told."""

    regressor: str = Field(examples=["thi"])
    rmse_with: float | None = Field(description="Root mean squared error with it.", examples=[0.1])
    rmse_without: float | None = Field(description="The same without it.", examples=[0.11])
    difference: float | None = Field(description="Of mean squared errors; positive where it helps.")
    standard_error: float | None = Field(description="Of the difference.")
    p: float = Field(description="How often chance alone does as well.", examples=[0.01])
    bar: float = Field(description="What p must not exceed.", examples=[0.05])
    origins: int = Field(description="Origins that it was judged on.", examples=[90])
    kept: bool = Field(description="Whether it is in the model.")


class SelectionChange(Evidence):
    """A series whose model had other regressors than those that were kept."""

    decision: Literal["promoted", "kept"]
    of: ModelSubject | None = Field(description="The series; null if it is there no longer.")


class Selection(Answer):
    """A search for regressors."""

    id: int = Field(examples=[4])
    made_at: datetime
    why: str = Field(description="`routine`, or `reselection`.", examples=["routine"])
    of: ModelSubject | None = Field(description="What it was made on; null for the farm's groups together.")
    kept: list[str] = Field(description="Regressors of the model.", examples=[["solar_elevation"]])
    tried: list[TriedRegressor]
    models: int = Field(description="How many models were judged.", examples=[14])
    first_origin: datetime
    last_origin: datetime
    changes: list[SelectionChange]


class Selections(Page):
    """A part of a farm's searches for regressors, the newest first."""

    items: list[Selection]


class LostSkill(Answer):
    """Errors of the seven days whose forecasts were too bad."""

    rmse: float = Field(description="Of the forecasts.", examples=[0.2])
    baseline: str = Field(description="The best simple rule.", examples=["mean_14d"])
    baseline_rmse: float = Field(description="Its error.", examples=[0.17])
    skill: float = Field(description="1 - RMSE / RMSE of the baseline.", examples=[-0.18])
    threshold: float = Field(description="Below which skill is lost.", examples=[-0.05])
    slots: int = Field(description="Quarters of an hour that came true.", examples=[640])
    targets: int = Field(description="How often they were foretold.", examples=[90000])


class TriedModel(Answer):
    """A model that was tried in place of the champion."""

    specification: str = Field(description="Orders, harmonics, regressors.")
    bands: dict[str, BandAccuracy] = Field(description="By band of horizon in steps, and `all`.")


class Reselection(Answer):
    """What was done where the skill of a model was lost."""

    id: int = Field(examples=[2])
    of: ModelSubject
    seen_at: datetime
    made_at: datetime
    seen: LostSkill
    tried: list[TriedModel] = Field(description="The champion first.")
    best: str = Field(description="The specification with the least error.")
    p_value: float = Field(description="How often chance alone does as well as the best.", examples=[0.02])
    decision: Literal["promoted", "kept"] = Field(description="Whether the best reigns now.")
    model: int | None = Field(description="The model that won; null where none did.", examples=[9])
    selection: int | None = Field(description="The search for regressors that was part of it.", examples=[4])


class Reselections(Page):
    """A part of a farm's re-selections, the newest first."""

    items: list[Reselection]


class _Naming:
    """Names what was selected on, and tells times in a zone."""

    def __init__(self, connection: Connection, farm_id: int, zone: tzinfo) -> None:
        self._named, self._farm_id, self._zone = namer(connection, farm_id), farm_id, zone

    def subject(self, series_id: int | None) -> ModelSubject | None:
        return None if series_id is None else self._named(Subject(self._farm_id, series_id))

    def change(self, plain: dict[str, Any]) -> SelectionChange:
        return SelectionChange(
            **dict(picked(Evidence, {**plain, "champion": None, "challenger": None})),
            decision=plain["decision"],
            of=self.subject(plain["series"]),
        )

    def selection(self, made: RegressorSelection) -> Selection:
        found = made.comparisons
        return Selection(
            id=made.id,
            made_at=made.made_at.astimezone(self._zone),
            why=made.why,
            of=self.subject(made.series_id),
            kept=found["kept"],
            tried=[picked(TriedRegressor, one) for one in found["tried"]],
            models=found["models"],
            first_origin=found["first_origin"],
            last_origin=found["last_origin"],
            changes=[self.change(one) for one in found.get("changes", ())],
        )

    def reselection(self, number: int, made: Made) -> Reselection:
        return Reselection(
            id=number,
            of=self._named(Subject(self._farm_id, made.series_id)),
            seen_at=made.seen_at.astimezone(self._zone),
            made_at=made.made_at.astimezone(self._zone),
            seen=picked(LostSkill, made.seen),
            tried=[picked(TriedModel, one) for one in made.tried["models"]],
            best=made.tried["best"],
            p_value=made.tried["p_value"],
            decision=made.decision,
            model=made.model_id,
            selection=made.selection_id,
        )


@router.get("/selections", response_model=Selections)
def list_selections(
    caller: Caller, farm: FarmName, zone: Zone, asked: Annotated[Asked, listing(Selection)]
) -> Response:
    """List the searches for regressors of a farm, the newest first."""
    farm_id = readable.farm(caller.connection, farm).id
    naming = _Naming(caller.connection, farm_id, zone)

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[RegressorSelection]:
        return selections.selections_of(connection, farm_id, before=where.after, limit=most)

    return asked.answer(caller, Listing(NEWEST, find, by_id, naming.selection))


@router.get("/reselections", response_model=Reselections)
def list_reselections(
    caller: Caller, farm: FarmName, zone: Zone, asked: Annotated[Asked, listing(Reselection)]
) -> Response:
    """List what was done where the skill of a farm's models was lost, the newest first."""
    farm_id = readable.farm(caller.connection, farm).id
    naming = _Naming(caller.connection, farm_id, zone)

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[tuple[int, Made]]:
        return selections.reselections_on(connection, farm_id, before=where.after, limit=most)

    def behind(last: tuple[int, Made], _: AfterId) -> AfterId:
        return AfterId(after=last[0])

    return asked.answer(caller, Listing(NEWEST, find, behind, lambda one: naming.reselection(*one)))
