'''One way for every route that lists: parts of JSON, CSV or Parquet, some fields of them, or the whole as a file.

A route declares what its items are, and tells how storage finds them:

    @router.get("/groups", response_model=Groups)
    def list_groups(caller: Caller, farm: FarmName, asked: Annotated[Asked, listing(Group)]) -> Response:
        """List the groups of a farm."""
        farm_id = readable.farm(caller.connection, farm).id

        def find(connection: Connection, where: AfterId, most: int) -> Sequence[readable.Group]:
            return readable.groups(connection, farm_id, after=where.after, limit=most)

        return asked.answer(caller, Listing(AfterId(after=0), find, by_id, Group.model_validate))

`response_model` is the page (a subclass of `Page` with `items`), of which clients are generated; the description adds
the other formats. `find` uses the connection that it is given, for a long export opens one transaction a part.
'''

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from api.forms import csv_text, paging, parquet
from api.forms.answers import Answer
from api.forms.columns import Column, chosen
from api.forms.csv_text import Dialect
from api.forms.lean import Lean, picked, written
from api.forms.paging import Cursor, Limit
from api.forms.parquet import Run
from api.forms.preferences import best_type
from api.forms.problems import ProblemError, invalid_field
from api.forms.tables import CsvTable, ParquetTable, Table
from core.problem_texts import say
from storage.access.scoping import Scope, again
from storage.engine.database import Connection

Found = TypeVar("Found")
Where = TypeVar("Where", bound=BaseModel)

USUAL: Final = 200
"""Items of one answer in JSON, if nobody says how many."""

_LONGEST_TOLD: Final = 100
"""Characters of unknown names that are told back."""

_PART: Final = 5000
"""Items of a file that are read in one transaction."""

_PIECE: Final = 1_048_576
"""Bytes of a file that are sent at a time."""

FIELDS: Final = "x-fields"
"""Name under which the schema of `fields` tells which there are."""


class Form(StrEnum):
    """What a list can come as."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class DialectName(StrEnum):
    """How CSV is written."""

    RFC_4180 = "rfc4180"
    FRENCH = "fr"


MEDIA_TYPES: Final = {
    Form.JSON: "application/json",
    Form.CSV: csv_text.MEDIA_TYPE,
    Form.PARQUET: parquet.MEDIA_TYPE,
}
SOME_FIELDS_TYPE: Final = "application/vnd.animov.fields+json"
"""JSON in which items lack the members that nobody asked for, and so are not what `application/json` promises."""

_DIALECTS: Final = {DialectName.RFC_4180: csv_text.RFC_4180, DialectName.FRENCH: csv_text.FRENCH}


class Bulk(Protocol[Where]):
    """Finds the parts of a list as files have them, and where the list goes on behind each, if it does."""

    def csv(
        self, connection: Connection, where: Where, columns: Sequence[Column], dialect: Dialect, /
    ) -> tuple[bytes, Where | None]:
        """Return the rows that begin at a position as CSV, as the database wrote them."""

    def runs(
        self, connection: Connection, where: Where, columns: Sequence[Column], /
    ) -> tuple[Sequence[Run], Where | None]:
        """Return the rows that begin at a position, column by column."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[Found, Where]):
    """A list as storage knows it.

    Attributes:
        start: Where it begins.
        find: Returns its first items from a position on, as many as asked for or all that are left.
        behind: Tells where it goes on behind an item, and from where it was read.
        tell: Makes an item of the answer: its model, or the same as a lean one.
        bulk: Finds a whole list faster than item by item; most lists need none.
    """

    start: Where
    find: Callable[[Connection, Where, int], Sequence[Found]]
    behind: Callable[[Found, Where], Where]
    tell: Callable[[Found], Any]
    bulk: Bulk[Where] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How a list is wished for.

    Attributes:
        item: What its items are.
        form: As what it comes.
        dialect: How its CSV is written.
        fields: The members of items that are wanted; all if `None`.
        limit: Most items; `None` for what is usual: 200 in JSON, all in a file.
        cursor: Where it begins, as an earlier answer told.
        path: Of the request, as it was sent.
        query: The request's parameters.
        name: Of a file.
    """

    item: type[Answer]
    form: Form
    dialect: Dialect
    fields: frozenset[str] | None
    limit: int | None
    cursor: str | None
    path: str
    query: Sequence[tuple[str, str]]
    name: str

    def answer(self, caller: Scope, listing: Listing[Found, Where]) -> Response:
        """Answer with a part of a list, or with all of it as a file."""
        where = listing.start if self.cursor is None else paging.read(type(listing.start), self.cursor)
        if self.form is not Form.JSON and self.limit is None:
            return self._whole(caller, listing, where)
        limit = self.limit or USUAL
        found = listing.find(caller.connection, where, limit + 1)
        page, following = paging.cut(found, limit, lambda last: listing.behind(last, where))
        items = [listing.tell(one) for one in page]
        if self.form is Form.JSON:
            return self._json(items, following)
        table = self._table()
        return self._file(table.head() + table.rows(items) + table.end(), following)

    def _json(self, items: Sequence[Any], following: str | None) -> Response:
        next_part = b"null" if following is None else b'"%s"' % following.encode()
        body = b'{"next":%s,"items":%s}' % (next_part, _as_json(items, self.fields))
        media_type = MEDIA_TYPES[Form.JSON] if self.fields is None else SOME_FIELDS_TYPE
        return Response(body, headers=self._headers(following), media_type=media_type)

    def _file(self, content: bytes | Iterator[bytes], following: str | None = None) -> Response:
        headers = self._headers(following)
        headers["Content-Disposition"] = f'attachment; filename="{self.name}.{self.form}"'
        media_type = MEDIA_TYPES[self.form]
        if isinstance(content, bytes):
            return Response(content, headers=headers, media_type=media_type)
        return StreamingResponse(content, headers=headers, media_type=media_type)

    def _whole(self, caller: Scope, listing: Listing[Found, Where], where: Where) -> Response:
        """Answer with all from a position on: the first part is read now, the others when the client takes them."""
        table = self._table()
        first, following = self._part(caller.connection, table, listing, where)
        if following is None:
            return self._file(table.head() + first + table.end())
        return self._file(self._parts(caller, table, listing, table.head() + first, following))

    def _parts(
        self, caller: Scope, table: Table, listing: Listing[Found, Where], part: bytes, following: Where | None
    ) -> Iterator[bytes]:
        """Yield a file; nothing is held meanwhile, so a slow client, or one that goes away, keeps nothing waiting."""
        while following is not None:
            yield from _in_pieces(part)
            with again(caller) as scope:
                part, following = self._part(scope.connection, table, listing, following)
        yield from _in_pieces(part + table.end())

    def _part(
        self, connection: Connection, table: Table, listing: Listing[Found, Where], where: Where
    ) -> tuple[bytes, Where | None]:
        if listing.bulk is not None and isinstance(table, ParquetTable):
            runs, following = listing.bulk.runs(connection, where, table.columns)
            return table.runs(runs), following
        if listing.bulk is not None:
            return listing.bulk.csv(connection, where, chosen(self.item, self.fields), self.dialect)
        found = listing.find(connection, where, _PART)
        following = listing.behind(found[-1], where) if len(found) == _PART else None
        return table.rows(listing.tell(one) for one in found), following

    def _table(self) -> Table:
        columns = chosen(self.item, self.fields)
        return CsvTable(columns, self.dialect) if self.form is Form.CSV else ParquetTable(columns)

    def _headers(self, following: str | None) -> dict[str, str]:
        headers = {"Vary": "Accept"}
        if following is not None:
            kept = [(name, value) for name, value in self.query if name != "cursor"]
            query = urlencode([*kept, ("cursor", following)])
            headers["Link"] = f'<{quote(self.path)}?{query}>; rel="next"'
        return headers


def _in_pieces(part: bytes) -> Iterator[bytes]:
    """Yield a part so that it need not be copied as a whole on its way."""
    return (part[begin : begin + _PIECE] for begin in range(0, len(part), _PIECE))


def _as_json(items: Sequence[Any], fields: frozenset[str] | None) -> bytes:
    if items and isinstance(items[0], Lean):
        return written(items if fields is None else [picked(one, fields) for one in items])
    included = None if fields is None else set(fields)
    return b"[%s]" % b",".join(one.model_dump_json(include=included).encode() for one in items)


def listing(item: type[Answer]) -> Any:
    """Return the dependency that reads how a list of such items is wished for."""
    names = sorted(item.model_fields)

    async def asked(  # noqa: PLR0917 - each is a parameter of the request
        request: Request,
        form: Annotated[
            Form | None, Query(alias="format", description="As what it comes; goes before `Accept`.")
        ] = None,
        dialect: Annotated[
            DialectName, Query(description="How CSV is written: `fr` with semicolons, decimal commas and a mark.")
        ] = DialectName.RFC_4180,
        fields: Annotated[
            str | None,
            Query(description="Only these members of the items.", json_schema_extra={FIELDS: list(names)}),
        ] = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> Asked:
        return Asked(
            item=item,
            form=form or _accepted(request),
            dialect=_DIALECTS[dialect],
            fields=_fields(fields, names),
            limit=limit,
            cursor=cursor,
            path=request.url.path,
            query=parse_qsl(request.url.query, keep_blank_values=True),
            name=str(request.scope["route"].name).removeprefix("list_"),
        )

    return Depends(asked)


def _accepted(request: Request) -> Form:
    wanted = best_type(request.headers.get("Accept"), [*MEDIA_TYPES.values(), SOME_FIELDS_TYPE])
    if wanted is None:
        offers = ", ".join(MEDIA_TYPES.values())
        raise ProblemError(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", say("none_acceptable", offers=offers))
    return next((form for form, kind in MEDIA_TYPES.items() if kind == wanted), Form.JSON)


def _fields(given: str | None, names: Sequence[str]) -> frozenset[str] | None:
    if given is None:
        return None
    wanted = given.split(",")
    unknown = [name for name in dict.fromkeys(wanted) if name not in names]
    if unknown:
        told = ", ".join(map(repr, unknown))[:_LONGEST_TOLD]
        raise invalid_field("fields", "query", say("unknown_field", names=told, fields=", ".join(names)))
    return frozenset(wanted)
