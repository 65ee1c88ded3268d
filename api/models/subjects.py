"""What models foretell: a group, a herd, or the series of a file; and the numbers of models and work in paths."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Depends, Path
from pydantic import Field

from api.forms.answers import Answer
from api.forms.identifiers import LARGEST_ID, FarmName
from api.forms.values import ONLY_DIGITS
from api.people.callers import Caller
from api.people.permits import permit
from core.errors import NotFoundError
from storage.engine.database import Connection
from storage.herds import farms, readable
from storage.measurements import measured, series
from storage.measurements.series import Series
from storage.modelling import models, trainings
from storage.modelling.models import Model, Subject
from storage.modelling.trainings import Training

ModelId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Number of a model.", examples=[7]), ONLY_DIGITS]
TrainingId = Annotated[
    int, Path(ge=1, le=LARGEST_ID, description="Number of a training or of other work on models."), ONLY_DIGITS
]


class ModelSubject(Answer):
    """What a model foretells."""

    farm: str = Field(description="Name of the farm.", examples=["barn"])
    kind: Literal["herd", "group", "animal", "file"]
    id: int | None = Field(description="Of the group or animal; null for the herd and for a file.", examples=[3])
    name: str = Field(description="Of the group, animal or file; empty for the herd.", examples=["primipares"])

    def __str__(self) -> str:
        return f"{self.farm}: file {self.name}" if self.kind == "file" else f"{self.farm}/{self.name}".rstrip("/")


def _managed_model(caller: Caller, model: ModelId) -> Model:
    found = models.find_model(caller.connection, model)
    permit(caller, found.subject.farm_id, "manager")
    return found


def _managed_work(caller: Caller, training: TrainingId) -> Training:
    found = trainings.find(caller.connection, training)
    permit(caller, found.subject.farm_id, "manager")
    return found


def _managed_farm(caller: Caller, farm: FarmName) -> int:
    farm_id = readable.farm(caller.connection, farm).id
    permit(caller, farm_id, "manager")
    return farm_id


ManagedModel = Annotated[Model, Depends(_managed_model)]
ManagedWork = Annotated[Training, Depends(_managed_work)]
ManagedFarm = Annotated[int, Depends(_managed_farm)]
"""A farm's id, as the two before it of a caller who manages it: whoever does not is told so before the body is read."""


def namer(connection: Connection, farm_id: int) -> Callable[[Subject], ModelSubject]:
    """Return what names the subjects of a farm."""
    farm = farms.farm(connection, farm_id).name
    known = {one.id: one for one in series.series_of(connection, farm_id)}

    def named(subject: Subject) -> ModelSubject:
        if subject.series_id is None:
            return ModelSubject(farm=farm, kind="file", id=None, name=subject.name)
        one = known[subject.series_id]
        return ModelSubject.model_validate(
            {"farm": farm, "kind": one.kind, "id": one.group_id or one.animal_id, "name": one.name}
        )

    return named


def series_for(connection: Connection, farm: str, farm_id: int, group: int | None) -> Series:
    """Return the series of a group of a farm, or of its herd, made if nothing was forecast of it yet.

    Raises:
        NotFoundError: the farm has no such group.
    """
    found = _series(connection, farm, farm_id, group)
    if found.id == 0:
        series.ensure_series(connection, farm_id)
        found = _series(connection, farm, farm_id, group)
    return found


def series_of_group(connection: Connection, farm: str, farm_id: int, group: int | None) -> int | None:
    """Return the id of a group's series to look for; `None` for whatever series.

    Raises:
        NotFoundError: the farm has no such group.
    """
    return None if group is None else _series(connection, farm, farm_id, group).id


def _series(connection: Connection, farm: str, farm_id: int, group: int | None) -> Series:
    if group is None:
        return measured.herd_series(connection, farm)
    found = measured.group_series(connection, group)
    if found.farm_id != farm_id:
        raise NotFoundError("group", group)
    return found
