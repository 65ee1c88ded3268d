"""Whether this process lives, and whether it can answer."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Response

from api.forms.answers import Answer
from api.forms.preferences import language_of
from api.forms.problems import MEDIA_TYPE, Problem
from api.health.checks import Checks, judge
from api.health.probe import Probe
from core.problem_texts import TITLES, in_language, say

router = APIRouter(prefix="/health", tags=["health"])


class Liveness(Answer):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(Answer):
    """Requests can be answered, and what was sent is worked on."""

    status: Literal["ready"] = "ready"
    checks: Checks


class ReadinessProblem(Problem):
    """Why this server is not ready: the checks that are not `ok`."""

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
