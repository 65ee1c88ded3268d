"""All routes of what is to be looked at."""

from typing import Final

from fastapi import APIRouter

from api.watching import batteries, bouts, sheets, states

router: Final = APIRouter()
for resource in (bouts, sheets, states, batteries):
    router.include_router(resource.router)
