"""Traces of requests for OpenTelemetry, where the standard variables name a collector; else nothing is told to anybody.

A trace is one request under the pattern of its route, with the request id that is in the log and its SQL statements,
in which parameters stand for values. The framework makes the spans of requests; the SDK is loaded only if it is wanted.
"""

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from core.errors import SettingsError
from storage.engine import statements
from storage.engine.database import Engine
from storage.engine.statements import Ended

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider as Provider

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN: Final = "http/protobuf"
_LAST_SPANS_MS: Final = 2000
_NAME: Final = "animov"


def provider_for(environment: Mapping[str, str]) -> "Provider | None":
    """Return what sends traces where the variables say; `None` where they name no collector, or say not to.

    Raises:
        SettingsError: they ask for what can't be done here.
    """
    endpoint = next((name for name in _ENDPOINTS if environment.get(name)), None)
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporter = environment.get("OTEL_TRACES_EXPORTER") or "otlp"
    if endpoint is None or is_off or exporter == "none":
        return None
    if exporter != "otlp":
        raise SettingsError(f"OTEL_TRACES_EXPORTER is {exporter!r}; traces are sent by otlp, or none")
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), _SPOKEN)
    if protocol != _SPOKEN:
        raise SettingsError(f"the OTLP protocol is {protocol!r}; traces are sent by {_SPOKEN} only")
    return _provider(endpoint)


def _provider(endpoint: str) -> "Provider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - seldom wanted
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import TracerProvider as Provider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
    except ImportError as error:
        raise SettingsError(
            f"{endpoint} is set, and what sends traces is not installed: install AniMOV with its extra 'telemetry' "
            "(uv sync --extra telemetry), or unset it"
        ) from error
    own = Resource.create({"service.name": _NAME, "service.version": version("animov")})
    provider = Provider(resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def close(provider: "Provider | None") -> None:
    """Send what is left, if that is quick, and stop."""
    if provider is not None:
        provider.force_flush(_LAST_SPANS_MS)
        provider.shutdown()


def config_for(provider: TracerProvider | None) -> TelemetryConfig:
    """Return what the framework is to tell: spans of requests to this provider, and nothing to anybody else."""
    return {
        "tracer_provider": provider,
        "tracing": provider is not None,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
    }


def follow_statements(engine: Engine, provider: TracerProvider) -> None:
    """Trace the statements of requests from now on; those of nobody's request have no trace to be in."""
    tracer = provider.get_tracer(_NAME)

    def began(statement: str) -> Ended:
        if not trace.get_current_span().is_recording():
            return _nothing
        operation = statement.split(maxsplit=1)[0].upper()
        told = {"db.system.name": "postgresql", "db.operation.name": operation, "db.query.text": statement}
        span = tracer.start_span(operation, kind=SpanKind.CLIENT, attributes=told)

        def ended(error: BaseException | None) -> None:
            if error is not None:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
            span.end()

        return ended

    statements.follow(engine, began)


def _nothing(_: BaseException | None) -> None:
    """Tell nobody."""


class Traced:
    """ASGI middleware, outermost: a span gets the id of its request, and the log the id of its trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        span = trace.get_current_span()
        if scope["type"] != "http" or not span.is_recording():
            await self._app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("animov.request_id", scope["state"]["request_id"])
            await send(message)

        with bound_contextvars(trace_id=_hex(span)):
            await self._app(scope, receive, named)


def _hex(span: Any) -> str:
    return trace.format_trace_id(span.get_span_context().trace_id)
