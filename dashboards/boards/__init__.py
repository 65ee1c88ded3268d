"""The dashboards, one module each."""

from collections.abc import Callable, Mapping
from typing import Final

from dashboards.boards.animal import animal
from dashboards.boards.collars import collars
from dashboards.boards.farms import farms
from dashboards.boards.group import group
from dashboards.boards.home import home
from dashboards.boards.model import model
from dashboards.boards.system import system
from dashboards.panels import Outlet
from dashboards.style import Json

BOARDS: Final[Mapping[str, Callable[[Outlet], Json]]] = {
    "farms": farms,
    "home": home,
    "group": group,
    "animal": animal,
    "collars": collars,
    "model": model,
    "system": system,
}
"""By name, in the order in which people look at them."""


def all_boards(outlet: Outlet) -> dict[str, Json]:
    """Return all dashboards by name."""
    return {name: made(outlet) for name, made in BOARDS.items()}
