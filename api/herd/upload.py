"""A herd's list as a file: all of it is taken over, or nothing."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query, Request
from pydantic import Field

from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.problems import Fault, ProblemError, invalid
from api.forms.refusals import refusal
from api.herd.changing import REFUSED_CHANGES, Managed
from core.herd_lists import read
from core.problem_texts import say
from core.wallclock import zone_named
from storage.herds import herd_lists, readable
from storage.herds.herd_lists import Taken

router = Router(prefix="/v1/farms/{farm}/herd", tags=["herd"])

_REFUSED: Final = {**REFUSED_CHANGES, 415: refusal("The body is JSON, or compressed.")}
_MOST_FAULTS: Final = 100
_EXAMPLE: Final = "nom;lot;collier;depuis\nBlanchette;primipares;c-012;01/05/2026 08:00\n"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "Columns name, group, collar and from (or nom, lot, collier and depuis), with commas,"
        " semicolons or tabs, in UTF-8, UTF-16 with its byte order mark or Latin-1. Only the name is needed;"
        " naive dates are the farm's wall clock.",
        "content": {
            "text/csv": {"schema": {"type": "string", "format": "animov-herd-list"}, "example": _EXAMPLE},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},  # for clients of files
        },
    }
}


class HerdLine(Answer):
    """What a line of the list changes."""

    line: int = Field(description="Its number in the file, from 1.", examples=[2])
    name: str = Field(description="The animal.", examples=["Blanchette"])
    made: list[Literal["group", "animal", "collar"]] = Field(description="What was missing.", examples=[["animal"]])
    assigned: bool = Field(description="Whether another was said to wear the collar, or nobody.")
    moved: bool = Field(description="Whether the animal was said to be in another group, or in none.")
    group: str | None = Field(description="What the line says of its group.", examples=["primipares"])
    collar: str | None = Field(description="What the line says of its collar.", examples=["c-012"])
    since: datetime | None = Field(description="From when on; null is since ever.", examples=["2026-05-01T06:00:00Z"])

    @classmethod
    def of(cls, taken: Taken) -> "HerdLine":
        """Tell what a line changes."""
        return cls(
            line=taken.line.number,
            name=taken.line.name,
            made=list(taken.made),
            assigned=taken.assigned,
            moved=taken.moved,
            group=taken.line.group,
            collar=taken.line.collar,
            since=taken.line.start and taken.line.start.astimezone(UTC),
        )


class HerdList(Answer):
    """What a list of a herd changes."""

    lines: int = Field(description="Lines that were read.", examples=[24])
    dry_run: bool = Field(description="Whether nothing was changed, and this is what would be.")
    items: list[HerdLine] = Field(description="The lines that change something.")


async def _content(request: Request) -> bytes:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        detail = say("send_one_of", kinds="text/csv")
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    return await request.body()


@router.post("", openapi_extra=_BODY, responses=_REFUSED)
def take_herd_list(
    change: Managed,
    content: Annotated[bytes, Depends(_content)],
    dry_run: Annotated[bool, Query(description="Only tell what would change.")] = False,  # noqa: FBT002 - a parameter of the request
) -> HerdList:
    """Take a list of the herd over: who is missing is made, what is said otherwise is corrected, the past included.

    A line holds from its date on, until another line says otherwise of its collar or animal. Who is not in the list
    stays. With anything wrong in it, nothing is changed, and every error is told with its line.
    """
    lines, faults = read(content, zone_named(readable.farm(change.connection, change.farm).time_zone))
    if faults:
        raise invalid([Fault(fault.column, "body", fault.message) for fault in faults[:_MOST_FAULTS]])
    attempt = change.connection.begin_nested()
    taken = herd_lists.take(change.connection, change.farm_id, lines)
    if dry_run:
        attempt.rollback()
    else:
        attempt.commit()
        change.note("herd.list_taken", f"farm {change.farm}", {"lines": len(lines)})
    changed = [HerdLine.of(one) for one in taken if one.made or one.assigned or one.moved]
    return HerdList(lines=len(lines), dry_run=dry_run, items=changed)
