"""A farm whose people and keys the caller may see and change: found out before anybody looks at a body."""

from typing import Annotated, NamedTuple

from fastapi import Depends

from api.forms.identifiers import FarmName
from api.people.callers import Caller
from api.people.permits import permit
from storage.access.scoping import Scope
from storage.herds import readable


class Administered(NamedTuple):
    """A farm that the caller administers, in the transaction of the request."""

    caller: Scope
    farm_id: int
    farm: str


def _administered(caller: Caller, farm: FarmName) -> Administered:
    farm_id = readable.farm(caller.connection, farm).id
    permit(caller, farm_id, "administrator")
    return Administered(caller, farm_id, farm)


InAdministered = Annotated[Administered, Depends(_administered)]
