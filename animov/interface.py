"""The API as a process of a node."""

from collections.abc import Callable
from datetime import date

from api.serving import say_ready, serve
from core.exchanges import Exchange
from core.private_networks import parse_allowed
from core.settings import Settings
from storage.embedded import secrets
from storage.engine.database import Connection
from storage.upkeep.provision import Access


def run_api(access: Access, settings: Settings, begun: Callable[[], None]) -> None:
    """Answer requests until told to stop, with the node's own key for tokens; call `begun` before the first one."""

    def ready(address: str) -> None:
        begun()
        say_ready(address)

    serve(
        database_url=access.api,
        signing_key=_signing_key(settings),
        signing_algorithm=settings.signing_algorithm,
        host=settings.host,
        port=settings.api_port,
        ready=ready,
        propose_swaps=propose_swaps,
        webhooks_allowed=parse_allowed(settings.webhook_networks),
        metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
    )


def _signing_key(settings: Settings) -> bytes:
    if settings.signing_secret is not None:
        return settings.signing_secret.get_secret_value().encode()
    folder = settings.data_dir.expanduser().resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return secrets.load_or_create(folder).jwt.encode()


def propose_swaps(connection: Connection, farm_id: int, today: date) -> list[Exchange]:
    """Return the exchanged collars that the days of a farm speak for."""
    from stream.behaviour.exchanges import propose  # noqa: PLC0415 - numpy, which few requests need

    return propose(connection, farm_id, today)
