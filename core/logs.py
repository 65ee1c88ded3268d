"""Structured logs: one event a line, named by a dotted fact, with fields.

`log = get_logger(__name__)` then `log.info("flush.committed", messages=12, keys=3)`.
"""

import logging
import sys
import time
from typing import Literal, TextIO, cast

from core.absent import absent
from core.foreign_logs import ForeignLogs

with absent("rich"):  # structlog takes it where it is, for a form that we don't use, and each of our processes pays
    import structlog

LogFormat = Literal["text", "json"]

_STEPS: list[structlog.typing.Processor] = []
"""What happens to each event: one list for ever, since loggers keep the one that they have found on their first use."""


def configure_logging(*, level: str = "INFO", form: LogFormat = "text", role: str | None = None) -> None:
    """Send every event of this process to standard error, so that standard output stays for answers.

    Args:
        level: The least severe level that is shown, by its standard name.
        form: `text` for people, `json` for collectors.
        role: Name of the process (edge, forecast, api), bound to every event.
    """
    renderer = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    _STEPS[:] = (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        renderer,
    )
    structlog.configure(
        processors=_STEPS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
    least = max(logging.WARNING, logging.getLevelNamesMapping()[level])
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, ForeignLogs)]
    root.addHandler(ForeignLogs(get_logger, time.monotonic))
    root.setLevel(least)
    structlog.contextvars.clear_contextvars()
    if role:
        structlog.contextvars.bind_contextvars(role=role)


class _StandardError:
    """Standard error as it is when something is logged: loggers are kept, and who redirects it may close it again."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger
