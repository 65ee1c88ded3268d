"""Keyset pagination: a cursor says where the list goes on, whatever was added or removed before it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64Error
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, ValidationError

from api.forms.problems import invalid_field
from core.problem_texts import say

Item = TypeVar("Item")
Where = TypeVar("Where", bound=BaseModel)

MOST: Final = 2000

Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=MOST,
        description="Most items of one answer; if left out, 200 in JSON and all there are in CSV and Parquet.",
        examples=[200],
    ),
]
Cursor = Annotated[
    str | None,
    Query(
        max_length=512,
        description="`next` of the answer before; with the other parameters left as they were.",
        json_schema_extra={"format": "animov-cursor"},
    ),
]


class AfterId(BaseModel, extra="forbid", strict=True):
    """Where a list by id goes on: behind this id."""

    after: int = Field(ge=0, le=2**63 - 1)


def written(where: BaseModel) -> str:
    """Write a position as a cursor."""
    return urlsafe_b64encode(where.model_dump_json().encode()).rstrip(b"=").decode()


def read(kind: type[Where], cursor: str) -> Where:
    """Read a cursor back.

    Raises:
        ProblemError: it is not one of this kind.
    """
    try:
        return kind.model_validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValidationError, NoBase64Error, ValueError):
        raise refused() from None


def refused() -> Exception:
    """Return the refusal of a cursor."""
    return invalid_field("cursor", "query", say("foreign_cursor"))


def start(cursor: str | None) -> int:
    """Return the id behind which a list by id goes on."""
    return 0 if cursor is None else read(AfterId, cursor).after


def cut(found: Sequence[Item], limit: int, position: Callable[[Item], BaseModel]) -> tuple[Sequence[Item], str | None]:
    """Cut what was found to a page, and return it with the cursor of the next one.

    Args:
        found: The first `limit + 1` items, or all that are left.
        limit: Most items of the page.
        position: Tells where a list goes on behind an item.
    """
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, written(position(page[-1]))


def by_id(item: Any, _: AfterId | None = None) -> AfterId:
    """Tell the position of an item of a list by id."""
    return AfterId(after=item.id)
