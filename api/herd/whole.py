"""A farm as a whole: exported with everything that there is of it, and deleted everywhere."""

from collections.abc import Generator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import Field

from api.context import Context, InContext
from api.forms.answers import Answer
from api.forms.closing import ClosingResponse
from api.forms.heads import is_head
from api.forms.late_routes import Router
from api.forms.problems import contradicting
from api.forms.refusals import refusal
from api.herd.changing import REFUSED_CHANGES
from api.people.administering import InAdministered
from api.people.permits import REFUSALS
from core.problem_texts import say
from storage.access import audit
from storage.access.scoping import opened
from storage.leaving import deletions, exporting
from storage.leaving.deletions import Progress

router = Router(prefix="/v1/farms/{farm}", tags=["farms"])
followed = Router(prefix="/v1/deletions", tags=["farms"])

_ZIP: Final = "application/zip"
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A CSV for each table, files of trainings, and `manifest.json`, which tells what all that is.",
        "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}},
    },
    409: refusal("It is being exported already."),
}
_ABSENT: Final[dict[int | str, dict[str, Any]]] = {
    404: refusal("There is no such deletion."),
    422: refusal("This is no id of a deletion."),
}
_MLFLOW: Final = (
    "not in here: what MLflow holds was made of these tables and told to it; "
    "'animov farm export', on the node, adds its runs and their files"
)

Confirmation = Annotated[
    str, Query(max_length=64, description="Name of the farm, once more: it is deleted for ever.", examples=["my-farm"])
]
DeletionId = Annotated[UUID, Path(description="As `Location` told.", examples=["6f1c2f0e-55b1-4f3c-9d8e-0f7a6a1e2b3c"])]


class Deletion(Answer):
    """How far a farm's deletion has come."""

    id: UUID = Field(examples=["6f1c2f0e-55b1-4f3c-9d8e-0f7a6a1e2b3c"])
    state: Literal["deleting", "forgetting", "deleted"] = Field(
        description="deleting: rows go; forgetting: they are gone, MLflow has yet to forget its runs; deleted: all is."
    )
    asked_at: datetime = Field(description="Since when nobody sees the farm.", examples=["2026-03-29T01:00:00Z"])
    emptied_at: datetime | None = Field(description="When its last row was gone.", examples=["2026-03-29T01:00:20Z"])
    finished_at: datetime | None = Field(description="When all was gone.", examples=["2026-03-29T01:00:25Z"])

    @classmethod
    def of(cls, deletion: UUID, progress: Progress) -> Self:
        """Tell of a deletion."""
        state = "deleted" if progress.finished_at else "forgetting" if progress.emptied_at else "deleting"
        return cls(id=deletion, state=state, **progress._asdict())


@router.get("/export", response_class=Response, responses={**REFUSALS, **_FILE})
def export_farm(administered: InAdministered, context: InContext, request: Request) -> Response:
    """Export everything of a farm as it is at this moment, without secrets; for its administrators."""
    caller, farm_id, farm = administered
    pieces = _pieces(context, farm_id, farm)
    next(pieces)  # what is refused is refused before an answer begins
    if is_head(request.scope):
        pieces.close()  # before the answer, or who asks for the export then is told that it goes on
        pieces = (piece for piece in [b""])  # an answer in parts as ever
    else:
        audit.note(caller, farm_id, "farm.exported", f"farm {farm}")
    headers = {"Content-Disposition": f'attachment; filename="{farm}.zip"'}
    return ClosingResponse(pieces, headers=headers, media_type=_ZIP)


def _pieces(context: Context, farm_id: int, farm: str) -> Generator[bytes]:
    with exporting.snapshot(context.engine, farm_id) as connection:
        yield b""
        yield from exporting.packed(connection, farm, context.now(), mlflow=_MLFLOW)


@router.delete("", status_code=HTTPStatus.ACCEPTED, responses=REFUSED_CHANGES)
def delete_farm(administered: InAdministered, confirm: Confirmation, response: Response) -> Deletion:
    """Delete a farm everywhere and for ever, with the people who belong to no other; for its administrators.

    Nobody sees it from now on, and its messages are dropped; `Location` tells how the rest goes, to whoever asks.
    """
    caller, farm_id, farm = administered
    if confirm != farm:
        raise contradicting("confirm", "query", say("name_to_confirm"))
    deletion = deletions.begin(caller.connection, farm_id, caller.user_id)
    response.headers["Location"] = f"/v1/deletions/{deletion}"
    return Deletion.of(deletion, deletions.progress(caller.connection, deletion))


@followed.get("/{deletion}", responses=_ABSENT)
def get_deletion(context: InContext, deletion: DeletionId) -> Deletion:
    """Tell how far the deletion of a farm has come, to whoever knows its id: who asked may be gone with the farm."""
    with opened(context.engine) as connection:
        return Deletion.of(deletion, deletions.progress(connection, deletion))
