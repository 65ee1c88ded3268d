"""All routes that change farms and herds."""

from typing import Final

from fastapi import APIRouter

from api.herd import animals, assignments, collars, devices, farm, groups, journal, memberships, swaps, upload, whole

router: Final = APIRouter()
for resource in (farm, groups, animals, collars, devices, assignments, memberships, swaps, journal, upload, whole):
    router.include_router(resource.router)
