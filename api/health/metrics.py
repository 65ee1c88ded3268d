"""`/metrics` for Prometheus: this machine may read it, or whoever shows the token that is set."""

from hmac import compare_digest
from ipaddress import ip_address
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.forms.late_routes import Router
from api.forms.refusals import refusal
from api.health.figures import Figures
from api.health.probe import Probe, Seen
from api.health.routes import probe_of
from api.health.snapshot import Snapshot
from api.people.permits import unauthorized
from core.problem_texts import say

router = Router(tags=["health"])

_SCHEME: Final = HTTPBearer(
    scheme_name="metrics", description="The token that ANIMOV_METRICS_TOKEN sets.", auto_error=False
)
_HANDED_ON: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_TEXT: Final = {
    "description": "The text format of Prometheus; `docs/health.md` tells what each figure is.",
    "content": {"text/plain": {"schema": {"type": "string"}, "example": "animov_database_up 1.0\n"}},
}


def _reader(
    request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)] = None
) -> Figures:
    """Return the figures to whoever may read them.

    Raises:
        ProblemError: 401; the token is not shown, or none is set and this is not the server's own machine.
    """
    token: str | None = request.app.state.metrics_token
    if token is None and not _is_this_machine(request):
        raise unauthorized(say("metrics_here_only"))
    if token is not None and not (shown and compare_digest(shown.credentials.encode(), token.encode())):
        raise unauthorized(say("metrics_token_refused"))
    figures: Figures = request.app.state.figures
    return figures


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: _TEXT,
        401: refusal("The token is not shown, or none is set and this is another machine."),
    },
)
async def read_metrics(
    figures: Annotated[Figures, Depends(_reader)], probe: Annotated[Probe, Depends(probe_of)]
) -> Response:
    """Return figures for Prometheus: of this process, and of the node that it belongs to. No farm is named."""
    text = await run_in_threadpool(_text, figures, await probe.look())
    return Response(text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})


def _text(figures: Figures, seen: Seen) -> bytes:
    of_node = CollectorRegistry()
    of_node.register(Snapshot(seen))
    return generate_latest(figures.registry) + generate_latest(of_node)


def _is_this_machine(request: Request) -> bool:
    """Tell whether a request comes from this machine itself, and not through a proxy on it."""
    try:
        own = ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
    return own and not any(name in request.headers for name in _HANDED_ON)
