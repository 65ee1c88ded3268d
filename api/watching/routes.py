"""All routes of what is to be looked at."""

from typing import Final

from api.forms.late_routes import Router, adopt
from api.watching import alerts, batteries, bouts, judging, live, notices, rejected, resending, retrying, sheets, states

router: Final = Router()
for resource in (bouts, sheets, states, batteries, alerts, judging, live, notices, resending, rejected, retrying):
    adopt(router, resource.router)
