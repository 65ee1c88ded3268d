"""Errors as problem details, RFC 9457: one shape for all of them, with nothing internal in it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import Field
from starlette.exceptions import HTTPException

from api.forms.answers import Answer
from core.errors import AnimovError, ConflictError, NotFoundError, UnavailableError

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_AFTER_S: Final = "5"


class FieldProblem(Answer):
    """One value that is not allowed."""

    field: str = Field(description="Name of the parameter or member.", examples=["limit"])
    location: str = Field(description="Where it stands: path, query, header or body.", examples=["query"])
    message: str = Field(examples=["Input should be less than or equal to 2000"])


class Problem(Answer):
    """Why a request was not answered."""

    type: str = Field(description="Stable name of the problem.", examples=["urn:animov:problem:not-found"])
    title: str = Field(description="The meaning of the status.", examples=["Not Found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="One sentence for people.", examples=["there is no farm 'barn'"])
    request_id: str = Field(
        description="Also in the header `X-Request-ID` and in the server's log.",
        examples=["0f4b7a3d5c1e4f7f9d0e6a2b8c9d1e2f"],
    )
    errors: list[FieldProblem] | None = Field(None, description="The values at fault, where there are such.")


class ProblemError(AnimovError):
    """A request that is refused with a status of its own; `code` completes the problem's `type`."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.errors = list(errors)


def invalid(errors: Sequence[FieldProblem]) -> ProblemError:
    """Return the refusal of values that are not allowed, each of them named."""
    named = "; ".join(f"{error.field}: {error.message}" for error in errors)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", named, errors=errors)


def invalid_field(field: str, location: str, message: str) -> ProblemError:
    """Return the refusal of one value."""
    return invalid([FieldProblem(field=field, location=location, message=message)])


def fields_at_fault(found: Sequence[Any], location: str | None = None) -> list[FieldProblem]:
    """Name the fields of a validation's errors, without the values, which may be secret.

    Args:
        found: What pydantic's `errors()` gave.
        location: Where the fields stand; else the first step of each error's own path says it.
    """
    return [_field_at_fault(error, location) for error in found]


def _field_at_fault(error: Mapping[str, Any], location: str | None) -> FieldProblem:
    steps = [str(step) for step in error["loc"]]
    where = location or (steps.pop(0) if steps else "body")
    return FieldProblem(field=".".join(steps) or where, location=where, message=error["msg"])


def answer(problem: ProblemError, request_id: str) -> Response:
    """Return the answer that tells a problem."""
    body = Problem(
        type=f"urn:animov:problem:{problem.code}",
        title=problem.status.phrase,
        status=problem.status,
        detail=str(problem),
        request_id=request_id,
        errors=problem.errors or None,
    )
    content = body.model_dump_json(exclude_none=True)
    return Response(content, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def internal() -> ProblemError:
    """Return what is told of a fault of ours: that there was one."""
    detail = "something went wrong on our side; the log tells more under the request id"
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def handle_problems(app: FastAPI) -> None:
    """Make an app tell every refusal as a problem."""
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)


def _refused(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, ProblemError) else _as_problem(error)
    return answer(problem, request.state.request_id)


def _as_problem(error: Exception) -> ProblemError:
    if isinstance(error, RequestValidationError):
        return invalid(fields_at_fault(error.errors()))
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        code = status.phrase.lower().replace(" ", "-")
        return ProblemError(status, code, error.detail, headers=error.headers)
    for kind, (status, code) in _STATUS.items():
        if isinstance(error, kind):
            headers = {"Retry-After": _RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
            return ProblemError(status, code, str(error), headers=headers)
    return internal()


_STATUS: Final = {
    NotFoundError: (HTTPStatus.NOT_FOUND, "not-found"),
    ConflictError: (HTTPStatus.CONFLICT, "conflict"),
    UnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
}
_HANDLERS: Final = dict.fromkeys((AnimovError, RequestValidationError, HTTPException), _refused)
