"""What every request may use: made once by `create_app`, handed on by FastAPI, never global."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from api.people.passwords import Verifier
from api.people.signing import Signer
from core.clock import WallClock
from storage.database import Engine


@dataclass(frozen=True, slots=True)
class Context:
    """What an app was made with.

    Attributes:
        engine: Connects as the role `animov_api`.
        signer: Signs and checks access tokens.
        passwords: Checks passwords.
        clock: Wall time, for tokens; the node's time comes from the database.
    """

    engine: Engine
    signer: Signer
    passwords: Verifier
    clock: WallClock

    def now(self) -> datetime:
        """Return the instant on the wall."""
        return datetime.fromtimestamp(self.clock(), UTC)


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(_context)]
