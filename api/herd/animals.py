"""Animals: one, made, renamed, removed."""

from http import HTTPStatus

from fastapi import Response
from pydantic import Field

from api.forms.identifiers import AnimalId, FarmName
from api.forms.late_routes import Router
from api.herd.changing import REFUSED_CHANGES, Body, Managed, Name
from api.herds import Animal
from api.people.callers import Caller
from storage.herds import herd_names, readable

router = Router(prefix="/v1/farms/{farm}/animals", tags=["herd"])


class NamedAnimal(Body):
    """An animal as somebody wants it."""

    name: Name = Field(examples=["Blanchette"])


@router.get("/{animal:int}")
def get_animal(caller: Caller, farm: FarmName, animal: AnimalId) -> Animal:
    """Return one animal, with the group and the collars that it has now."""
    farm_id = readable.farm(caller.connection, farm).id
    return Animal.of(readable.animal(caller.connection, farm_id, animal))


@router.post("", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_animal(change: Managed, wanted: NamedAnimal, response: Response) -> Animal:
    """Make an animal, in no group and without a collar: assignments and memberships say more."""
    made = herd_names.create(change.connection, change.farm_id, "animal", wanted.name)
    change.note("animal.made", f"animal {wanted.name}")
    response.headers["Location"] = change.path("animals", made)
    return Animal(id=made, name=wanted.name, group=None, collar_ids=[])


@router.patch("/{animal:int}", responses=REFUSED_CHANGES)
def rename_animal(change: Managed, animal: AnimalId, wanted: NamedAnimal) -> Animal:
    """Give an animal another name."""
    before = readable.animal(change.connection, change.farm_id, animal).name
    herd_names.rename(change.connection, change.farm_id, "animal", animal, wanted.name)
    change.note("animal.renamed", f"animal {before}", {"name": wanted.name})
    return Animal.of(readable.animal(change.connection, change.farm_id, animal))


@router.delete("/{animal:int}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def delete_animal(change: Managed, animal: AnimalId) -> None:
    """Remove an animal that was made by mistake: one that never wore a collar. One that left is unassigned instead."""
    name = herd_names.remove(change.connection, change.farm_id, "animal", animal)
    change.note("animal.removed", f"animal {name}")
