"""Name and password as a client sends them: JSON, or the form that OAuth2 clients send."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.forms import problems
from api.forms.problems import ProblemError
from api.people import passwords
from core.problem_texts import say

_LARGEST_BODY: Final = 16_384  # bytes; a login has about a hundred
_TEXT: Final = r"^[^\x00]+$"  # PostgreSQL's text holds no NUL


class Credentials(BaseModel):
    """Who wants in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"username": "marie", "password": "correct horse"}]})

    username: str = Field(examples=["marie"], min_length=1, max_length=256, pattern=_TEXT)
    password: str = Field(
        examples=["correct horse"],
        min_length=1,
        max_length=passwords.LONGEST,
        json_schema_extra={"format": "password"},
    )


async def _credentials(request: Request) -> Credentials:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _READERS:
        detail = say("send_one_of", kinds=", ".join(_READERS))
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    body = await _limited_body(request)
    try:
        return _READERS[kind](body)
    except ValidationError as error:
        raise problems.invalid(problems.fields_at_fault(error.errors(), "body")) from None
    except ValueError:
        raise problems.invalid_field("body", "body", say("not_of_kind", kind=kind)) from None


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            detail = say("large_body", most=_LARGEST_BODY)
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)
    return bytes(body)


def _from_form(body: bytes) -> Credentials:
    fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=16, errors="strict")
    return Credentials.model_validate(dict(fields))


_READERS: Final[dict[str, Callable[[bytes], Credentials]]] = {
    "application/json": Credentials.model_validate_json,
    "application/x-www-form-urlencoded": _from_form,
}
DESCRIBED: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": Credentials.model_json_schema()} for kind in _READERS},
    }
}
"""What a route's description says of this body."""

InCredentials = Annotated[Credentials, Depends(_credentials)]
