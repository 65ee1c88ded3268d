"""The journal of a farm: kiddings, treatments, rations, moves, and what else people write down."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.problems import contradicting
from api.forms.times import Instant, Zone, refuse_backwards
from api.forms.values import ONLY_DIGITS
from api.herd.changing import REFUSED_CHANGES, Body, Id, Managed, span
from api.herd.intervals import From, OneAnimal, OneGroup, To
from api.people.callers import Caller
from core.problem_texts import say
from core.timeline import EPOCH
from storage.engine.database import Connection
from storage.herds import journal, readable
from storage.herds.journal import Entry, Kind, Written

router = Router(prefix="/v1/farms/{farm}/journal", tags=["journal"])

EntryId = Annotated[int, Path(ge=1, le=2**53, description="Id of a journal entry.", examples=[5]), ONLY_DIGITS]
_LAST_US = 1 << 62


class JournalEntry(Answer):
    """Something that people wrote down: of an animal, a group or, with neither, the whole farm."""

    id: int = Field(examples=[5])
    kind: Kind
    start: datetime = Field(description="When it happened or began.")
    until: datetime | None = Field(
        description="When it ended, exclusive; null: it took no time, or its end is not known."
    )
    note: str = Field(examples=["foin changé"])
    group: int | None = Field(description="Id of the group that it is about.", examples=[3])
    animal: int | None = Field(description="Id of the animal that it is about.", examples=[7])
    author: str = Field(description="Who wrote it, or changed it last.", examples=["marie"])
    written_at: datetime

    @classmethod
    def of(cls, entry: Entry, zone: tzinfo) -> Self:
        """Tell an entry."""
        written = entry.written
        until = None if written.until is None else written.until.astimezone(zone)
        return cls(
            id=entry.id,
            kind=written.kind,
            note=written.note,
            group=written.group_id,
            animal=written.animal_id,
            author=entry.author,
            written_at=entry.written_at.astimezone(zone),
            start=written.start.astimezone(zone),
            until=until,
        )


class Journal(Page):
    """A part of a farm's journal, the latest first."""

    items: list[JournalEntry]


Note = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$", examples=["foin changé"])]
Until = Annotated[Instant | None, Field(description="When it ended, exclusive.", examples=[None])]


class NewEntry(Body):
    """What somebody writes down; about the whole farm if neither group nor animal is named."""

    kind: Kind
    start: Instant = Field(description="When it happened or began.", examples=["2026-05-01T08:00:00Z"])
    until: Until = None
    note: Note = ""
    group: Id | None = Field(None, description="Id of the group that it is about.", examples=[None])
    animal: Id | None = Field(None, description="Id of the animal that it is about.", examples=[7])


class ChangedEntry(Body):
    """What is to be changed of an entry; what is left out stays."""

    kind: Kind = Field(default_factory=lambda: "other")
    start: Instant = Field(default_factory=lambda: EPOCH, examples=["2026-05-01T08:00:00Z"])
    until: Until = None
    note: Note = Field(default_factory=str)
    group: Id | None = Field(None, description="Id of the group that it is about.", examples=[None])
    animal: Id | None = Field(None, description="Id of the animal that it is about.", examples=[7])


class _Behind(BaseModel, extra="forbid", strict=True):
    """Where the list goes on: behind the entry of this start, in microseconds since 1970, and id."""

    us: int = Field(ge=-_LAST_US, le=_LAST_US)
    id: int = Field(ge=0, le=_LAST_US)


@router.get("", response_model=Journal)
def list_journal(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    wanted: Annotated[Asked, listing(JournalEntry)],
    kind: Annotated[Kind | None, Query(description="Only this kind.")] = None,
    group: OneGroup = None,
    animal: OneAnimal = None,
    start: From = None,
    to: To = None,
) -> Response:
    """List the journal of a farm, the latest entry first."""
    refuse_backwards(start, to)
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: _Behind, most: int) -> Sequence[Entry]:
        return journal.entries(
            connection,
            farm_id,
            start=start,
            until=to,
            kind=kind,
            group=group,
            animal=animal,
            behind=_position(where),
            limit=most,
        )

    first = _Behind(us=_LAST_US, id=0)
    return wanted.answer(caller, Listing(first, find, _behind, lambda one: JournalEntry.of(one, zone)))


@router.get("/{entry}")
def get_journal_entry(caller: Caller, farm: FarmName, entry: EntryId, zone: Zone) -> JournalEntry:
    """Return one entry."""
    farm_id = readable.farm(caller.connection, farm).id
    return JournalEntry.of(journal.entry(caller.connection, farm_id, entry), zone)


@router.post("", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_journal_entry(change: Managed, wanted: NewEntry, zone: Zone, response: Response) -> JournalEntry:
    """Write something down."""
    written = Written(wanted.kind, wanted.start, wanted.until, wanted.note, wanted.group, wanted.animal)
    _check(written)
    made = journal.write(change.connection, change.farm_id, written, author=change.caller.actor)
    change.note("journal.written", f"journal entry {made}", written._asdict())
    response.headers["Location"] = change.path("journal", made)
    return JournalEntry.of(journal.entry(change.connection, change.farm_id, made), zone)


@router.patch("/{entry}", responses=REFUSED_CHANGES)
def change_journal_entry(change: Managed, entry: EntryId, wanted: ChangedEntry, zone: Zone) -> JournalEntry:
    """Change an entry; its author is from then on who changed it."""
    named = {_NAMES.get(name, name): getattr(wanted, name) for name in wanted.model_fields_set}
    written = journal.entry(change.connection, change.farm_id, entry).written._replace(**named)
    _check(written)
    journal.rewrite(change.connection, change.farm_id, entry, written, author=change.caller.actor)
    change.note("journal.changed", f"journal entry {entry}", written._asdict())
    return JournalEntry.of(journal.entry(change.connection, change.farm_id, entry), zone)


@router.delete("/{entry}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def delete_journal_entry(change: Managed, entry: EntryId) -> None:
    """Delete an entry."""
    known = journal.entry(change.connection, change.farm_id, entry)
    journal.erase(change.connection, change.farm_id, entry)
    change.note("journal.erased", f"journal entry {entry}", known.written._asdict())


_NAMES = {"group": "group_id", "animal": "animal_id"}


def _check(written: Written) -> None:
    span(written.start, written.until)
    if written.group_id is not None and written.animal_id is not None:
        raise contradicting("animal", "body", say("two_subjects"))


def _position(where: _Behind) -> journal.Behind | None:
    return None if where.us == _LAST_US else journal.Behind(EPOCH + timedelta(microseconds=where.us), where.id)


def _behind(entry: Entry, _where: _Behind) -> _Behind:
    return _Behind(us=(entry.written.start - EPOCH) // timedelta(microseconds=1), id=entry.id)
