"""Whether this process lives, and whether it can answer."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request, Response
from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.preferences import language_of
from api.forms.problems import MEDIA_TYPE, Problem
from api.health.checks import Checks, judge
from api.health.probe import Probe
from core.problem_texts import TITLES, in_language, say

router = Router(prefix="/health", tags=["health"])


_LATE: Final[JsonDict] = {
    "type": "urn:animov:problem:not-ready",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "not as it should be: queue",
    "request_id": "0f4b7a3d5c1e4f7f9d0e6a2b8c9d1e2f",
    "checks": {
        "database": {"ok": True, "seconds": 0.012},
        "migrations": {"ok": True},
        "queue": {"ok": False, "waiting": 9, "oldest_s": 1262.5, "late": ["cycle"]},
        "lag": {
            "ok": True,
            "waiting": 0,
            "oldest_s": None,
            "last_window": "2026-03-29T01:00:00Z",
            "last_window_age_s": 312.5,
        },
    },
}


class Liveness(Answer):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(Answer):
    """Requests can be answered, and what was sent is worked on."""

    status: Literal["ready"] = "ready"
    checks: Checks


class ReadinessProblem(Problem):
    """Why this server is not ready: the checks that are not `ok`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LATE]})

    checks: Checks


_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {
    503: {"model": ReadinessProblem, "description": "Something is not as it should be; `checks` tells what."}
}


def probe_of(request: Request) -> Probe:
    """Return what looks at the node."""
    probe: Probe = request.app.state.probe
    return probe


@router.get("/live")
async def live() -> Liveness:
    """Tell that the process answers, whatever else is the matter."""
    return Liveness()


@router.get("/ready", response_model=Readiness, responses=_NOT_READY)
async def ready(request: Request, probe: Annotated[Probe, Depends(probe_of)]) -> Readiness | Response:
    """Tell whether requests can be answered and what was sent is worked on, within little more than a second.

    The database answers, its migrations are current, no job and no reading has waited for too long.
    """
    checks = judge(await probe.look())
    failed = checks.failed()
    return _refusal(request, checks, failed) if failed else Readiness(checks=checks)


def _refusal(request: Request, checks: Checks, failed: list[str]) -> Response:
    language, status = language_of(request.headers), HTTPStatus.SERVICE_UNAVAILABLE
    problem = ReadinessProblem(
        type="urn:animov:problem:not-ready",
        title=getattr(TITLES[status], language),
        status=status,
        detail=in_language(say("not_ready", checks=", ".join(failed)), language),
        request_id=request.state.request_id,
        checks=checks,
    )
    headers = {"Content-Language": language, "Vary": "Accept-Language", "Retry-After": "5"}
    body = problem.model_dump_json(exclude={"errors"})
    return Response(body, status, headers=headers, media_type=MEDIA_TYPE)
