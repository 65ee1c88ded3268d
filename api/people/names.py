"""What paths and bodies about people share."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, Field, StringConstraints

from api.forms.problems import contradicting
from api.forms.times import Instant
from api.forms.values import ONLY_DIGITS
from api.people import passwords
from core.names import is_name
from core.problem_texts import say

_LARGEST_ID: Final = 2**31 - 1

UserId = Annotated[int, Path(ge=1, le=_LARGEST_ID, description="Id of a person.", examples=[5]), ONLY_DIGITS]
KeyId = Annotated[int, Path(ge=1, le=_LARGEST_ID, description="Id of an API key.", examples=[2]), ONLY_DIGITS]


def readable(name: str) -> str:
    """Refuse a name that people can't read and write again; see `core.names.is_name`.

    Raises:
        ValueError: it is such a one.
    """
    if not is_name(name):
        raise ValueError(say("not_readable"))
    return name


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    AfterValidator(readable),
    Field(json_schema_extra={"format": "animov-name"}, examples=["marie"]),
]
"""A name that can be shown."""

NewPassword = Annotated[
    str,
    StringConstraints(min_length=passwords.SHORTEST, max_length=passwords.LONGEST),
    Field(json_schema_extra={"format": "password"}, examples=["correct horse battery"]),
]

Until = Annotated[
    Instant | None,
    Field(
        description="It counts before this instant; null: until it is taken away.", examples=["2026-12-31T23:00:00Z"]
    ),
]


def refuse_past(field: str, instant: datetime | None, now: Callable[[], datetime]) -> None:
    """Refuse an end that is over already.

    Raises:
        ProblemError: 409, `contradiction`.
    """
    if instant is not None and instant <= now():
        raise contradicting(field, "body", say("past_instant"))
