"""What every request may use: made once by `create_app`, handed on by FastAPI, never global."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Request

from api.people.passwords import Verifier
from api.people.signing import Signer
from core.clock import WallClock
from storage.engine.database import Engine

AT_ONCE: Final = 10
"""Requests that hold a transaction at the same time; the others wait for their turn."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an app was made with.

    Attributes:
        engine: Connects as the role `animov_api`.
        signer: Signs and checks access tokens.
        passwords: Checks passwords.
        clock: Wall time, for tokens; the node's time comes from the database.
        turns: One for each request that may hold a transaction at the same time.
    """

    engine: Engine
    signer: Signer
    passwords: Verifier
    clock: WallClock
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def now(self) -> datetime:
        """Return the instant on the wall."""
        return datetime.fromtimestamp(self.clock(), UTC)


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(_context)]
