"""Bodies that no route would read are refused, as parameters are: who sends one expects that it counts."""

import json
from http import HTTPStatus
from typing import Final

from fastapi import Depends, Request
from fastapi.routing import APIRoute

from api.forms.problems import ProblemError, invalid_field
from core.problem_texts import say

_READING: Final = frozenset({"GET", "HEAD"})
_NOTHING: Final = frozenset({b"", b"{}"})
_UTF_8: Final = frozenset({"utf-8", "utf-8-sig"})


async def refuse_unread(request: Request) -> None:
    """Refuse a body where none is taken, and JSON that the framework would read although it is not UTF-8.

    An empty object is nothing, too: there are clients that send it whenever they send nothing. Routes that read
    their body by themselves say so in their description, and are left alone.

    Raises:
        ProblemError: 422, or 400 of another encoding.
    """
    route = request.scope.get("route")
    if request.method in _READING or not isinstance(route, APIRoute) or not route.include_in_schema:
        return
    if "requestBody" in (route.openapi_extra or {}):
        return
    body = await request.body()
    if route.body_field is None and body.strip() not in _NOTHING:
        raise invalid_field("body", "body", say("no_body_taken"))
    if route.body_field is not None and json.detect_encoding(body) not in _UTF_8:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "bad-request", say("not_utf_8"))


NONE_UNREAD: Final = Depends(refuse_unread)
"""The dependency of the whole application that does so."""
