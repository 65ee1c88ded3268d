"""All routes that change farms and herds."""

from typing import Final

from api.forms.late_routes import Router, adopt
from api.herd import (
    animals,
    assignments,
    collars,
    devices,
    farm,
    groups,
    journal,
    memberships,
    swaps,
    unworn,
    upload,
    whole,
)

router: Final = Router()
for resource in (
    farm,
    groups,
    animals,
    collars,
    devices,
    assignments,
    memberships,
    swaps,
    journal,
    unworn,
    upload,
    whole,
):
    adopt(router, resource.router)
