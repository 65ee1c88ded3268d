"""A collar put on an animal: what is sent for it, all of it or nothing."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from dashboards.console.client import Api

_COLUMNS: Final = ("name", "group", "collar", "from")


class Wish(NamedTuple):
    """A collar that an animal wears.

    Attributes:
        collar: What the API tells of the collar.
        animal: Name of the animal, which may have to be made.
        group: Its group from the same instant on, which may have to be made; `None` leaves it where it is.
        since: When it was put on, aware.
        mount: Where it sits, said if nobody has said it yet.
        instead_of: Collars that the animal wears until then and no longer, by id.
    """

    collar: Mapping[str, Any]
    animal: str
    group: str | None
    since: datetime
    mount: str | None
    instead_of: Sequence[int] = ()


def put_on(api: Api, farm: str, wish: Wish) -> None:
    """Put a collar on an animal; what is missing is made.

    Its animal, its group and who wears it are one request, so that none of them is left half done. How it is read and
    which collars come off are said before: nothing is wrong with these if the rest is refused and said again.

    Raises:
        RefusedError: a name can't be used, or a date contradicts what is known.
    """
    if wish.collar["mount"] == "unknown" and wish.mount is not None:
        api.patch("/farms/{}/collars/{}", farm, wish.collar["id"], body={"mount": wish.mount})
    for collar in wish.instead_of:
        take_off(api, farm, collar, wish.since)
    api.upload("/farms/{}/herd", farm, content=line(wish))


def take_off(api: Api, farm: str, collar: int, at: datetime) -> None:
    """Take a collar off whoever wears it at an instant.

    Raises:
        RefusedError: a date contradicts what is known.
    """
    for worn in api.items("/farms/{}/assignments", farm, collar=collar, from_=at.isoformat()):
        if worn["until"] is None:
            api.patch("/farms/{}/assignments/{}", farm, worn["id"], body={"until": at.isoformat()})


def line(wish: Wish) -> bytes:
    """Return a herd list of this one line."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";")
    writer.writerow(_COLUMNS)
    writer.writerow([wish.animal, wish.group or "", wish.collar["name"], wish.since.isoformat()])
    return file.getvalue().encode()
