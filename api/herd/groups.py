"""Groups of animals: one, made, renamed, removed."""

from http import HTTPStatus

from fastapi import Response
from pydantic import Field

from api.forms.identifiers import FarmName, GroupId
from api.forms.late_routes import Router
from api.herd.changing import REFUSED_CHANGES, Body, Managed, Name
from api.herds import Group
from api.people.callers import Caller
from storage.herds import herd_names, readable

router = Router(prefix="/v1/farms/{farm}/groups", tags=["herd"])


class NamedGroup(Body):
    """A group as somebody wants it."""

    name: Name = Field(examples=["primipares"])


@router.get("/{group}")
def get_group(caller: Caller, farm: FarmName, group: GroupId) -> Group:
    """Return one group."""
    farm_id = readable.farm(caller.connection, farm).id
    return Group.model_validate(readable.group(caller.connection, farm_id, group))


@router.post("", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_group(change: Managed, wanted: NamedGroup, response: Response) -> Group:
    """Make a group, with nobody in it."""
    made = herd_names.create(change.connection, change.farm_id, "group", wanted.name)
    change.note("group.made", f"group {wanted.name}")
    response.headers["Location"] = change.path("groups", made)
    return Group(id=made, name=wanted.name, animals=0)


@router.patch("/{group}", responses=REFUSED_CHANGES)
def rename_group(change: Managed, group: GroupId, wanted: NamedGroup) -> Group:
    """Give a group another name."""
    before = readable.group(change.connection, change.farm_id, group).name
    herd_names.rename(change.connection, change.farm_id, "group", group, wanted.name)
    change.note("group.renamed", f"group {before}", {"name": wanted.name})
    return Group.model_validate(readable.group(change.connection, change.farm_id, group))


@router.delete("/{group}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def delete_group(change: Managed, group: GroupId) -> None:
    """Remove a group that was made by mistake: one that nothing is known of."""
    name = herd_names.remove(change.connection, change.farm_id, "group", group)
    change.note("group.removed", f"group {name}")
