"""Names and ids in paths."""

from typing import Annotated, Final

from fastapi import Path, Query

from api.forms.values import ONLY_DIGITS

_FARM_NAME: Final = r"^[A-Za-z0-9_-]{1,64}$"
LARGEST_ID: Final = 2**31 - 1

FarmName = Annotated[str, Path(pattern=_FARM_NAME, description="Name of a farm, as in MQTT topics.", examples=["barn"])]
OneFarm = Annotated[
    str | None, Query(alias="farm", pattern=_FARM_NAME, description="Only of this farm; of all of yours if left out.")
]
AnimalId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Id of an animal.", examples=[7]), ONLY_DIGITS]
GroupId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Id of a group.", examples=[3]), ONLY_DIGITS]
