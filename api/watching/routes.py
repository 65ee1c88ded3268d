"""All routes of what is to be looked at."""

from typing import Final

from fastapi import APIRouter

from api.watching import alerts, batteries, bouts, judging, live, notices, rejected, resending, retrying, sheets, states

router: Final = APIRouter()
for resource in (bouts, sheets, states, batteries, alerts, judging, live, notices, resending, rejected, retrying):
    router.include_router(resource.router)
