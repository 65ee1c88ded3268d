"""What Home Assistant shows of farms, as a process: reads how they are and keeps it at the broker."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Final, NamedTuple

from animov.lifeline import say_ready
from animov.signals import ended_by_signals
from core.errors import SettingsError, UnavailableError
from core.logs import get_logger
from core.settings import Settings
from ingest.broker import Broker, parse_broker
from ingest.homeassistant.descriptions import EXPIRE_AFTER_S
from ingest.homeassistant.link import Link, linked
from ingest.homeassistant.messages import Seen, Told, tell
from ingest.homeassistant.topics import Topics
from storage.alerting.going_on import going_on
from storage.alerting.notice_channels import rule_of
from storage.engine import live
from storage.engine.database import Connection, Engine, engine_for
from storage.engine.faults import TransientFaultError, told_apart
from storage.forecasting.groups_now import groups_now
from storage.herds import farms
from storage.herds.farms import Farm
from storage.upkeep.provision import Access

log = get_logger(__name__)

LOOK_EVERY_S: Final = 30.0
"""Wall seconds after which farms are looked at though there is no news of them: of a changed name there is none."""

PAUSE_S: Final = 2.0
"""Wall seconds between two looks, however much news there is."""

REMOVE_S: Final = 20.0
"""Wall seconds that a broker is given to have everything removed."""

AGAIN_S: Final = EXPIRE_AFTER_S / 5
"""Wall seconds after which what has not changed is told again, as long as the database says that it has not."""


def broker_of(settings: Settings) -> Broker:
    """Return the broker that the settings name.

    Raises:
        SettingsError: they name none, or what is no URL of one; the message does not repeat it.
    """
    if settings.homeassistant_url is None:
        raise SettingsError("no broker of a Home Assistant is named: set ANIMOV_HOMEASSISTANT_URL")
    try:
        return parse_broker(settings.homeassistant_url.get_secret_value())
    except SettingsError as error:
        raise SettingsError(f"ANIMOV_HOMEASSISTANT_URL: {error}") from None


def judge_of(settings: Settings) -> ssl.SSLContext | None:
    """Return what judges the broker's certificate; `None` for the system's authorities.

    Raises:
        SettingsError: its file can't be read, or there is one for a broker without TLS.
    """
    if settings.homeassistant_ca is None:
        return None
    if not broker_of(settings).tls:
        raise SettingsError("ANIMOV_HOMEASSISTANT_CA is for a broker with TLS: mqtts:// in ANIMOV_HOMEASSISTANT_URL")
    try:
        return ssl.create_default_context(cafile=settings.homeassistant_ca)
    except OSError as error:
        raise SettingsError(f"ANIMOV_HOMEASSISTANT_CA={settings.homeassistant_ca} can't be read: {error}") from error


def topics_of(settings: Settings) -> Topics:
    """Return where everything of this node is at the broker."""
    return Topics(settings.homeassistant_prefix, settings.homeassistant_node)


async def run_homeassistant(access: Access, settings: Settings) -> None:
    """Keep farms as they are at the broker until told to stop; whatever is away is waited for.

    Raises:
        SettingsError: no broker is named, or its certificate can't be judged.
    """
    engine = engine_for(access.app, pool_size=1)
    try:
        async with linked(broker_of(settings), topics_of(settings), judge_of(settings)) as link:
            told = ended_by_signals()
            say_ready(broker=broker_of(settings))
            tasks: tuple[asyncio.Task[object], ...] = (
                asyncio.create_task(follow(access.app, engine, settings, link), name="farms"),
                asyncio.create_task(told.wait(), name="signals"),
            )
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()
    finally:
        engine.dispose()


async def remove_homeassistant(settings: Settings) -> None:
    """Take everything of this node away from the broker, devices and their states.

    Raises:
        SettingsError: as `run_homeassistant`.
        UnavailableError: the broker was away for too long, or does not let us.
    """
    broker = broker_of(settings)
    async with linked(broker, topics_of(settings), judge_of(settings)) as link:
        try:
            async with asyncio.timeout(REMOVE_S):
                await link.clear()
        except TimeoutError:
            raise UnavailableError(
                f"after {REMOVE_S:g} s the MQTT broker at {broker} still keeps what was to be removed, or is away"
            ) from None


async def follow(url: str, engine: Engine, settings: Settings, link: Link) -> None:
    """Show farms as they are now, and again whenever that may have changed, for ever.

    While the database is away nothing is told, until it expires in Home Assistant.

    Args:
        url: Of the database, to be told of news.
        engine: On the same database.
        settings: Which farms.
        link: To the broker.
    """
    loop, told_at = asyncio.get_running_loop(), -AGAIN_S
    unknown: Sequence[str] = ()
    async with live.woken(url) as news:
        while True:
            news.clear()
            seen = await asyncio.to_thread(look, engine, settings)
            if seen is not None:
                is_time = loop.time() - told_at >= AGAIN_S
                told_at = loop.time() if is_time else told_at
                link.show({**seen.told.descriptions, **seen.told.states}, seen.told.states if is_time else ())
                if seen.unknown != unknown:
                    unknown = seen.unknown
                    log.warning("homeassistant.unknown_farms", farms=unknown)
            await asyncio.sleep(PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await news.wait()


class Look(NamedTuple):
    """What is to be shown, and which farms the settings name that there are none of."""

    told: Told
    unknown: Sequence[str]


def look(engine: Engine, settings: Settings) -> Look | None:
    """Return what is to be shown of the farms that the settings name; `None` while the database is away."""
    wanted = _names(settings)
    try:
        with told_apart(), engine.connect() as connection:
            seen = [
                _seen(connection, farm) for farm in farms.all_farms(connection) if not wanted or farm.name in wanted
            ]
    except TransientFaultError as error:
        log.warning("homeassistant.delayed", error=str(error))
        return None
    unknown = sorted(set(wanted) - {one.farm.name for one in seen})
    return Look(tell(topics_of(settings), seen, version("animov")), unknown)


def _seen(connection: Connection, farm: Farm) -> Seen:
    language = rule_of(connection, farm.id).language
    return Seen(farm, language, groups_now(connection, farm.id), going_on(connection, farm.id))


def _names(settings: Settings) -> Sequence[str]:
    return [name.strip() for name in settings.homeassistant_farms.split(",") if name.strip()]
