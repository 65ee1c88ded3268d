"""Tells somebody of each statement that an engine runs: when it begins, and how it ends."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

Ended = Callable[[BaseException | None], None]
"""Told once that a statement is over, with the error that ended it."""

Began = Callable[[str], Ended]
"""Told the text of a statement that begins, in which parameters stand for values."""


def follow(engine: Engine, began: Began) -> None:
    """Tell of every statement of an engine from now on, in the thread that runs it."""
    event.listen(engine, "before_cursor_execute", _begin(began))
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)


def _begin(began: Began) -> Callable[..., None]:
    def begin(_: Any, __: Any, statement: str, ___: Any, context: Any, ____: Any) -> None:
        context.animov_ended = began(statement)

    return begin


def _end(_: Any, __: Any, ___: Any, ____: Any, context: Any, _____: Any) -> None:
    context.animov_ended(None)


def _fail(failure: ExceptionContext) -> None:
    ended = getattr(failure.execution_context, "animov_ended", None)
    if ended is not None:
        ended(failure.original_exception)
