"""Errors as problem details, RFC 9457: one shape for all of them, with nothing internal in it."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from pydantic import Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope as Asgi

from api.forms.answers import Answer
from api.forms.preferences import language_of
from core.alert_texts import Language
from core.errors import AnimovError, ConflictError, NameRefusedError, NotFoundError, UnavailableError
from core.problem_texts import TITLES, Said, in_language, say, say_absent, say_name_refused, say_of_value, speaks

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


class Fault(NamedTuple):
    """One value that is not allowed, before it is known in which language that is told."""

    field: str
    location: str
    message: str


class ProblemError(AnimovError):
    """A request that is refused with a status of its own; `code` completes the problem's `type`.

    `detail` is told in French to whoever likes that better, where it comes from `core.problem_texts.say`.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Fault] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


def invalid(errors: Sequence[Fault]) -> ProblemError:
    """Return the refusal of values that are not allowed, each of them named."""
    english, french = (
        "; ".join(f"{fault.field}: {in_language(fault.message, language)}" for fault in errors)
        for language in _LANGUAGES
    )
    detail = Said(english, french) if all(speaks(fault.message, "fr") for fault in errors) else english
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=errors)


def invalid_field(field: str, location: str, message: str) -> ProblemError:
    """Return the refusal of one value."""
    return invalid([Fault(field, location, message)])


def contradicting(field: str, location: str, message: str) -> ProblemError:
    """Return the refusal of a value that would do by itself, and contradicts others or the time that it is."""
    fault = Fault(field, location, message)
    english, french = (f"{field}: {in_language(message, language)}" for language in _LANGUAGES)
    detail = Said(english, french) if speaks(message, "fr") else english
    return ProblemError(HTTPStatus.CONFLICT, "contradiction", detail, errors=[fault])


def fields_at_fault(found: Sequence[Any], location: str | None = None) -> list[Fault]:
    """Name the fields of a validation's errors, without the values, which may be secret.

    Args:
        found: What pydantic's `errors()` gave.
        location: Where the fields stand; else the first step of each error's own path says it.
    """
    return [_field_at_fault(error, location) for error in found]


def _field_at_fault(error: Mapping[str, Any], location: str | None) -> Fault:
    if error["type"] == "json_invalid":  # of the whole body: the path ends with a position in it
        return Fault("body", "body", say("no_json"))
    steps = [str(step) for step in error["loc"]]
    where = location or (steps.pop(0) if steps else "body")
    if where == "query":
        steps = steps[:1]  # of a parameter that is given several times, behind it comes which of them
    return Fault(".".join(steps) or where, where, _message(error))


def _message(error: Mapping[str, Any]) -> str:
    values = error.get("ctx", {})
    raised = values.get("error")
    if isinstance(raised, ValueError) and raised.args and isinstance(raised.args[0], Said):
        return raised.args[0]  # our own validators say it in both languages
    return say_of_value(error["type"], error["msg"], values)


Tell = Callable[[ProblemError, Asgi], Response]
"""Makes the answer that tells a problem."""

TELLING: Final = "tells_problems"
"""Where a request's state holds a `Tell` of its own: for routes whose clients know another shape than this one."""


def answer(problem: ProblemError, scope: Asgi) -> Response:
    """Return the answer that tells a problem, in the shape and the language that the request's client reads."""
    tell: Tell = scope["state"].get(TELLING, _detailed)
    return tell(problem, scope)


def _detailed(problem: ProblemError, scope: Asgi) -> Response:
    """Tell a problem in French only where all of it is to be had in French."""
    language = language_of(Headers(scope=scope))
    spoken: Language = language if speaks(problem.detail, language) else "en"
    status = problem.status
    body = Problem(
        type=f"urn:animov:problem:{problem.code}",
        title=getattr(TITLES[status], spoken) if status in TITLES else status.phrase,
        status=status,
        detail=in_language(problem.detail, spoken),
        request_id=scope["state"]["request_id"],
        errors=[
            FieldProblem(field=fault.field, location=fault.location, message=in_language(fault.message, spoken))
            for fault in problem.errors
        ]
        or None,
    )
    headers = {"Content-Language": spoken, "Vary": "Accept-Language", **problem.headers}
    return Response(body.model_dump_json(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE)


def internal() -> ProblemError:
    """Return what is told of a fault of ours: that there was one."""
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", say("internal"))


def handle_problems(app: FastAPI) -> None:
    """Make an app tell every refusal as a problem."""
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)


def _refused(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, ProblemError) else _as_problem(error)
    if isinstance(error, RequestValidationError) and _is_other_type(request, error):
        detail = say("send_one_of", kinds="application/json")
        problem = ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = ", ".join(_served(request))
    return answer(problem, request.scope)


def _is_other_type(request: Request, error: RequestValidationError) -> bool:
    """Tell whether a body was sent, and not as JSON: then it was not read."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    return not is_json and any(one["loc"] == ("body",) and one["type"] != "missing" for one in error.errors())


def _served(request: Request) -> list[str]:
    """Return the methods of a path: the framework tells those of its first route only."""
    path, found = request.scope["path"], set()
    for route in iter_route_contexts(request.app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(path):
            found |= route.methods or set()
    return sorted(found | {"HEAD"} if "GET" in found else found)


def _as_problem(error: Exception) -> ProblemError:
    if isinstance(error, RequestValidationError):
        return invalid(fields_at_fault(error.errors()))
    if isinstance(error, HTTPException):
        return _of_framework(error)
    for kind, (status, code) in _STATUS.items():
        if isinstance(error, kind):
            headers = {"Retry-After": _RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
            return ProblemError(status, code, _detail(error), headers=headers)
    return internal()


def _of_framework(error: HTTPException) -> ProblemError:
    """Return what the framework refuses, under names of our own: its words and those of Python's list change."""
    status = HTTPStatus(error.status_code)
    if isinstance(error.__cause__, RecursionError):
        return ProblemError(status, "bad-request", say("deep_body"))
    code, sentence = _FRAMEWORK.get(status, (f"http-{int(status)}", None))
    detail = error.detail if sentence is None else say(sentence)
    return ProblemError(status, code, detail, headers=error.headers)


def _detail(error: Exception) -> str:
    if isinstance(error, NotFoundError):
        return say_absent(error.kind, error.name)
    if isinstance(error, NameRefusedError):
        return say_name_refused(error.kind, error.name)
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Said) else str(error)


_LANGUAGES: Final[Sequence[Language]] = ("en", "fr")
_FRAMEWORK: Final = {
    HTTPStatus.BAD_REQUEST: ("bad-request", "unreadable_body"),
    HTTPStatus.NOT_FOUND: ("not-found", "not_served"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method-not-allowed", "method_not_served"),
}
_STATUS: Final = {
    NotFoundError: (HTTPStatus.NOT_FOUND, "not-found"),
    ConflictError: (HTTPStatus.CONFLICT, "conflict"),
    NameRefusedError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    UnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
}
_HANDLERS: Final = dict.fromkeys((AnimovError, RequestValidationError, HTTPException), _refused)
