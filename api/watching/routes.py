"""All routes of what is to be looked at."""

from typing import Final

from fastapi import APIRouter

from api.watching import alerts, batteries, bouts, judging, rejected, sheets, states

router: Final = APIRouter()
for resource in (bouts, sheets, states, batteries, alerts, judging, rejected):
    router.include_router(resource.router)
