"""What goes around every request, from the outside: framing, limits of bodies, HEAD, compression, tags."""

from typing import Final

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware, IdentityResponder
from starlette.types import Receive, Scope, Send

from api.forms import parquet
from api.forms.bodies import Bounded, Limits
from api.forms.framing import Framing
from api.forms.heads import Heads
from api.forms.preferences import takes_gzip
from api.forms.validators import Conditional

_LEVEL: Final = 4
"""Of 1 to 9: beyond, an export waits for a few percent of its size."""

_AS_THEY_ARE: Final = (*DEFAULT_EXCLUDED_CONTENT_TYPES, parquet.MEDIA_TYPE)
"""Compressed already, or, as events, to be sent at once."""


class Compressed(GZipMiddleware):
    """ASGI middleware that compresses for whoever takes it: its base looks for the word only, `gzip;q=0` included."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or takes_gzip(Headers(scope=scope).get("Accept-Encoding")):
            await super().__call__(scope, receive, send)
            return
        plain = IdentityResponder(self.app, self.minimum_size, exclude_content_types=self.exclude_content_types)
        await plain(scope, receive, send)


def surround(app: FastAPI, limits: Limits | None = None) -> None:
    """Put all of it around an application."""
    app.add_middleware(Conditional)  # the one added first is the innermost
    app.add_middleware(Compressed, compresslevel=_LEVEL, exclude_content_types=_AS_THEY_ARE)
    app.add_middleware(Heads)
    app.add_middleware(Bounded, limits=limits or Limits())
    app.add_middleware(Framing)
