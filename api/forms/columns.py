"""The columns of a list: its items' members, those of objects within them spread out.

A member `animal` that is an object with `id` and `name` becomes `animal_id` and `animal_name`; a member that is a
list or a mapping becomes one column of JSON.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_json

Kind = Literal["text", "integer", "number", "boolean", "instant", "json"]

UNIT: Final = "x-unit"
"""Name under which a member's schema tells its unit, such as `Field(json_schema_extra={UNIT: "s"})`."""


class Column(NamedTuple):
    """One column: its name, the members that lead to it, what its cells are, and what they mean."""

    name: str
    path: tuple[str, ...]
    kind: Kind
    unit: str
    description: str


@cache
def columns_of(model: type[BaseModel]) -> tuple[Column, ...]:
    """Return the columns of a list of such items."""
    return tuple(_columns(model, ()))


def chosen(model: type[BaseModel], fields: frozenset[str] | None) -> tuple[Column, ...]:
    """Return the columns of some members, or of all."""
    return tuple(column for column in columns_of(model) if fields is None or column.path[0] in fields)


def reader(columns: Sequence[Column]) -> Callable[[BaseModel], Sequence[Any]]:
    """Return what reads the values of an item, one for each column; `None` where it has none."""
    if len(columns) > 1 and all(len(column.path) == 1 and column.kind != "json" for column in columns):
        return attrgetter(*(column.path[0] for column in columns))
    return lambda item: [_cell(item, column) for column in columns]


def _cell(item: Any, column: Column) -> Any:
    value = item
    for step in column.path:
        value = None if value is None else getattr(value, step)
    if column.kind == "json" and value is not None:
        return to_json(value).decode()
    return value


def _columns(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[Column]:
    for name, field in model.model_fields.items():
        path, inner = (*above, name), _present(field.annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _columns(inner, path)
        else:
            yield Column("_".join(path), path, _kind(inner), _unit(field), field.description or "")


def _present(annotation: Any) -> Any:
    """Return what a member is when it is there."""
    if get_origin(annotation) in {Union, UnionType}:
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else annotation
    return annotation


def _kind(inner: Any) -> Kind:
    if get_origin(inner) is Literal and all(isinstance(value, str) for value in get_args(inner)):
        return "text"
    if isinstance(inner, type) and issubclass(inner, StrEnum | IntEnum):
        return "text" if issubclass(inner, StrEnum) else "integer"
    return _KINDS.get(inner, "json")


def _unit(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra.get(UNIT, "")) if isinstance(extra, dict) else ""


_KINDS: Final[dict[Any, Kind]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    datetime: "instant",
}
