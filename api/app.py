"""The application, put together from what it is given; nothing is global."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib.metadata import version

from fastapi import FastAPI
from opentelemetry.trace import TracerProvider
from pwdlib import PasswordHash

from api import clock as node_clock
from api import farms, forecast_steps, forecasts, herds, readings, score_days, scores, site, views, windows
from api.context import Context
from api.first import login as first_login
from api.first import routes as first_routes
from api.first.messages import InFrench
from api.forms import openapi
from api.forms.around import surround
from api.forms.bodies import Limits
from api.forms.late_routes import LateRoute, adopt
from api.forms.parameters import KNOWN_ONLY
from api.forms.problems import handle_problems
from api.forms.serving_description import Description
from api.forms.unread import NONE_UNREAD
from api.health import metrics, tracing
from api.health import routes as health_routes
from api.health.figures import Counted, Figures
from api.health.probe import Probe
from api.herd import routes as herd_routes
from api.herd import whole
from api.herd.swaps import ProposeSwaps
from api.models import routes as model_routes
from api.page import routes as page_routes
from api.people import audit_log, invitations, jwks, keys, login, me, members, own_password, permits, users
from api.people.keyring import NodeSecret
from api.people.passwords import Verifier, argon2
from api.people.signing import Signer
from api.watching import routes as watching_routes
from api.watching.listening import Hub
from api.watching.news import told
from core.clock import WallClock
from core.private_networks import NOTHING, Allowed
from storage.access.signing import Algorithm
from storage.engine.database import Engine, plain_url


def create_app(
    *,
    engine: Engine,
    signing_key: bytes,
    signing_algorithm: Algorithm = "HS256",
    clock: WallClock = time.time,
    hasher: PasswordHash | None = None,
    limits: Limits | None = None,
    propose_swaps: ProposeSwaps = lambda *_: (),
    live_s: float = 3600,
    webhooks_allowed: Allowed = NOTHING,
    metrics_token: str | None = None,
    tracer_provider: TracerProvider | None = None,
    settled_s: float | None = None,
) -> FastAPI:
    """Return the API as an ASGI application.

    Args:
        engine: Connects as the role `animov_api`; it stays the caller's to dispose of.
        signing_key: What the keys that sign access tokens follow from: 32 bytes or more.
        signing_algorithm: With what new keys sign.
        clock: Wall time, for tokens.
        hasher: Hashes passwords; argon2id with the recommended parameters if left out.
        limits: What a request may cost; the usual ones if left out.
        propose_swaps: Finds animals that seem to have exchanged collars; none are proposed if left out.
        live_s: Seconds after which a live listener is asked to come again.
        webhooks_allowed: What webhooks may reach besides the public internet.
        metrics_token: What lets read the metrics; if left out, this machine itself may.
        tracer_provider: Who is told of requests and their statements; nobody if left out.
        settled_s: Seconds after the start at which the description is made before anybody asks for it; it never is
            if left out.

    Raises:
        SettingsError: the key is too short.
    """
    signer = Signer(engine, NodeSecret(signing_key), signing_algorithm, clock)
    passwords = Verifier(hasher or argon2())
    hub = Hub(engine, told)
    app = FastAPI(
        title="AniMOV",
        version=version("animov"),
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        generate_unique_id_function=openapi.operation_id,
        responses=openapi.UNAVAILABLE,
        dependencies=[KNOWN_ONLY, NONE_UNREAD],
        openapi_url=None,  # FastAPI makes it in the loop, where all would wait for it
        redirect_slashes=False,
        lifespan=_lifespan(passwords, hub, settled_s),
        telemetry=tracing.config_for(tracer_provider),
    )
    app.state.context = Context(engine=engine, signer=signer, passwords=passwords, clock=clock)
    app.state.propose_swaps, app.state.webhooks_allowed = propose_swaps, webhooks_allowed
    app.state.live, app.state.live_s = hub, live_s
    surround(app, limits)
    handle_problems(app)
    app.add_middleware(InFrench)
    _watch(app, engine, hub, tracer_provider)
    app.state.metrics_token = metrics_token
    _include(app)
    openapi.described_by(app)
    app.state.description = Description(app)
    return app


def _watch(app: FastAPI, engine: Engine, hub: Hub, tracer_provider: TracerProvider | None) -> None:
    """Put around all else what counts requests and, if somebody is to be told of them, what traces them."""
    app.state.probe, app.state.figures = Probe(plain_url(engine)), Figures(engine, hub)
    app.add_middleware(Counted, figures=app.state.figures)
    if tracer_provider is not None:
        app.add_middleware(tracing.Traced)
        tracing.follow_statements(engine, tracer_provider)


def _include(app: FastAPI) -> None:
    app.router.route_class = LateRoute
    for public in (
        login.router,
        invitations.router,
        jwks.router,
        health_routes.router,
        metrics.router,
        site.router,
        page_routes.router,
    ):
        adopt(app.router, public)
    for resource in (
        node_clock,
        farms,
        herds,
        windows,
        views,
        forecasts,
        forecast_steps,
        scores,
        score_days,
        readings,
        watching_routes,  # before the paths of one animal, of which it has some with a word in place of the id
        herd_routes,
        model_routes,
    ):
        adopt(app.router, resource.router, openapi.REFUSALS)
    for resource in (me, own_password, users, members, keys, audit_log):
        adopt(app.router, resource.router, {**openapi.REFUSALS, **permits.REFUSALS})
    adopt(app.router, whole.followed)
    for first in (first_login, first_routes):
        adopt(app.router, first.router)
    site.serve_assets(app)


def _lifespan(
    passwords: Verifier, hub: Hub, settled_s: float | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with nullcontext() if settled_s is None else app.state.description.made_ahead(settled_s):
            yield
        hub.close()
        passwords.close()

    return lifespan
