"""Trying rejected messages again, after what was wrong has been put right."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from animov.audit import note
from animov.edge import flushing, followed_clock
from core.delivery import Batch
from core.errors import NotFoundError
from core.logs import get_logger
from core.readings import Message
from core.settings import Settings
from storage.engine.database import Connection, Engine, engine_for
from storage.engine.queue import Queue
from storage.evidence import rejected
from storage.evidence.rejected import Kept
from storage.herds.farms import all_farms
from storage.upkeep.provision import Access

log = get_logger(__name__)

TOGETHER = 200
"""Messages tried at a time: each may be 64 KiB."""


RETRY = "rejected.retry"
"""Name of the job that tries again one message, or all of a device, for whoever can't do it: the API."""


class Retried(NamedTuple):
    """What became of one rejected message; `why` is empty if it was admitted."""

    kept: Kept
    why: str

    @property
    def admitted(self) -> bool:
        """Whether its row is gone and what it says is in the windows."""
        return not self.why


def offer(queue: Queue, access: Access, settings: Settings) -> None:
    """Let this process try rejected messages again as others ask for it."""

    def again(key: str | None = None, device: str | None = None) -> None:
        with suppress(NotFoundError):  # it was admitted meanwhile
            for one in retry(access, settings, key, device=device):
                log.info("rejected.retried", key=one.kept.key.hex(), admitted=one.admitted, why=one.why)

    queue.offer(RETRY, again)


def retry(access: Access, settings: Settings, key: str | None, *, device: str | None = None) -> Iterator[Retried]:
    """Send rejected messages through the flush again, as received when they last came; forget what is admitted.

    Args:
        access: The node's database.
        settings: Limits of admission.
        key: First hexadecimal digits of one message's key; `None` means all.
        device: With no key, only what this device sent while it was no collar.

    Raises:
        NotFoundError: no message has such a key.
        ConflictError: several have.
    """
    engine = engine_for(access.app)
    try:
        with engine.connect() as connection:
            keys = rejected.keys(connection, device) if key is None else [_whole_key(connection, key)]
        for start in range(0, len(keys), TOGETHER):
            yield from _retry_some(engine, access, settings, keys[start : start + TOGETHER])
    finally:
        engine.dispose()


def record_retries(access: Access, outcomes: Sequence[Retried]) -> None:
    """Note in the audit log that a command tried messages again: once for each farm that they name."""
    engine = engine_for(access.app)
    try:
        with engine.begin() as connection:
            ids = {farm.name: farm.id for farm in all_farms(connection)}
            for farm in sorted({ids.get(one.kept.farm or "") for one in outcomes}, key=str):
                tried = [one for one in outcomes if ids.get(one.kept.farm or "") == farm]
                counts = {"messages": len(tried), "admitted": sum(one.admitted for one in tried)}
                note(connection, farm, "rejected.retried", "rejected messages", counts)
    finally:
        engine.dispose()


def _whole_key(connection: Connection, prefix: str) -> bytes:
    return rejected.find(connection, prefix).key


def _retry_some(engine: Engine, access: Access, settings: Settings, keys: Sequence[bytes]) -> list[Retried]:
    with engine.connect() as connection:
        found = [rejected.find(connection, key.hex()) for key in keys]
    whole = {kept.key: message for kept in found if (message := kept.message) is not None}
    if whole:
        asyncio.run(_flush(access, settings, list(whole.values())))
    with engine.begin() as connection:
        return [_outcome(connection, kept, whole=kept.key in whole) for kept in found]


def _outcome(connection: Connection, kept: Kept, *, whole: bool) -> Retried:
    if not whole:
        rejected.note_retry(connection, kept.key)
        return Retried(kept, f"can't be retried: only {len(kept.payload):,} of its {kept.size:,} bytes were kept")
    refused = rejected.settle_retry(connection, kept)
    return Retried(kept, "" if refused is None else f"still rejected, {refused.code}: {refused.detail}")


async def _flush(access: Access, settings: Settings, messages: list[Message]) -> None:
    async with followed_clock(access) as clock, flushing(access, settings, clock) as runner:
        await runner.loaded()  # whether a device is mapped is what a retry is mostly about
        runner.intake(Batch(messages, lambda: None))
