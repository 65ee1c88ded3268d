"""The console as a process: it listens, says so, and stops in order."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.alert_texts import Language
from core.errors import UnavailableError
from core.logs import get_logger

_log = get_logger(__name__)

UPLOAD_MB: Final = 8
"""What the API takes of a series."""

_OPTIONS: Final = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "logger.level": "warning",
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": UPLOAD_MB,
}
"""Of Streamlit: nothing is told to its makers, no file is watched, no trace of an error is shown."""

_STOP: Final = (signal.SIGINT, signal.SIGTERM)
_LAST_ANSWERS_S: Final = 2


def serve(*, api: str, language: Language, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answer browsers until SIGINT or SIGTERM.

    Args:
        api: Address of the API, `http://host:port`.
        language: Of who has not chosen one.
        listener: A socket that listens.
        ready: Called once browsers are answered.

    Raises:
        UnavailableError: Streamlit is not installed.
    """
    try:
        import altair as alt  # noqa: F401, PLC0415 - once and whole: two pages would import it at a time, each a part of it
        import streamlit  # noqa: PLC0415 - an extra of its own
    except ImportError:
        raise UnavailableError("the console is made with Streamlit: uv sync --extra console") from None
    import uvicorn  # noqa: PLC0415 - an extra's too
    from starlette.middleware import Middleware  # noqa: PLC0415 - as above

    import dashboards.console.working  # noqa: F401, PLC0415 - whoever comes first is not to wait for charts' libraries
    from dashboards.console.faults import tell  # noqa: PLC0415 - as above
    from dashboards.console.guard import Guard  # noqa: PLC0415 - as above

    streamlit.config.get_config_options(force_reparse=True, options_from_flags=_OPTIONS)
    app = streamlit.App(
        Path(__file__).with_name("app.py"),
        secrets={"api": api, "language": language},
        middleware=[Middleware(Guard)],
        on_script_error=tell,
    )

    class Server(uvicorn.Server):
        """Uvicorn, which tells when it answers, and for which a signal to stop is an ordinary end."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            before = {number: signal.signal(number, self.handle_exit) for number in _STOP}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )
    Server(config).run(sockets=[listener])
    _log.info("console.stopped")
