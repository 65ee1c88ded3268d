"""What a process lets be seen of itself: figures for Prometheus, and whether it works, for who starts it again."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import Metric

from api.listener import address_of, listening
from core.settings import Settings

_HERE = "127.0.0.1"


def _still_starting() -> Iterable[str]:
    return ("it is still starting: what it needs does not answer yet",)


@dataclass(slots=True)
class Vitals:
    """What is shown at this moment; a process that has begun puts its own in place.

    Attributes:
        figures: Yields metrics.
        ailments: Yields a sentence for each thing that is not as it should be; none means that it works.
        facts: What the process says of this when it is ready: `metrics`, where that is, or nothing.
    """

    figures: Callable[[], Iterable[Metric]] = tuple
    ailments: Callable[[], Iterable[str]] = _still_starting
    facts: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def shown(settings: Settings) -> AsyncIterator[Vitals]:
    """Serve `/metrics` and `/health` for the time of the block, if the settings name a port.

    With a token for who reads the metrics that is where the settings listen, without one on this machine alone.

    Raises:
        UnavailableError: the port is taken.
    """
    vitals = Vitals()
    if settings.metrics_port is None:
        yield vitals
        return
    from animov.vitals_pages import serving  # noqa: PLC0415 - a web server, which few processes need

    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    with listening(settings.host if token else _HERE, settings.metrics_port) as listener:
        vitals.facts["metrics"] = address_of(listener)
        async with serving(vitals, listener, token):
            yield vitals
