"""The description of the API that `/docs` and generated clients read."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.forms.describing import completed
from api.forms.problems import MEDIA_TYPE
from api.forms.refusals import refusal

DESCRIPTION: Final = """
How much each group of goats stands, what it should have stood, and how well that was foreseen.

- Log in with `POST /v1/login` (or *Authorize*), then send `Authorization: Bearer ...`. You see your farms only.
- Times are RFC 3339; answers are in UTC or in the time zone `tz`. Spans hold `from` and not `to`.
- Lists come in parts: pass `next` of an answer as `cursor` of the following request, until it is null.
- Errors are problem details (RFC 9457); their `request_id` is in the server's log.
"""

TAGS: Final = [
    {"name": "login", "description": "Coming in and going out."},
    {"name": "people", "description": "Who may do what: people, API keys, and what they changed."},
    {"name": "farms", "description": "Where animals are kept."},
    {"name": "herd", "description": "Groups, animals and collars as they are now."},
    {"name": "journal", "description": "What people wrote down."},
    {"name": "windows", "description": "What was measured, by 15 minutes."},
    {"name": "behaviour", "description": "Bouts, daily sheets, and which animals need a look."},
    {"name": "forecasts", "description": "What was expected, for 48 hours."},
    {"name": "models", "description": "Who forecasts, who might do better, and what says so."},
    {"name": "trainings", "description": "Long work on models: asked for, followed, given up."},
    {"name": "weather", "description": "As it was issued, and as it is used."},
    {"name": "scores", "description": "How well it came true."},
    {"name": "alerts", "description": "What people should look at."},
    {"name": "readings", "description": "What collars say, by HTTP."},
    {"name": "live", "description": "News as it comes."},
    {"name": "notifications", "description": "Who is told of alerts, and when."},
    {"name": "rejected messages", "description": "What collars sent in vain."},
    {"name": "first AniMOV", "description": "What its clients still call; errors are a sentence in `message`."},
    {"name": "health", "description": "Whether this server works."},
]

_PROBLEMS: Final = {
    401: "The access token is missing, not valid or has expired.",
    404: "There is no such thing, or it is not yours to see.",
    422: "A parameter is not allowed.",
}
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: refusal(description) for status, description in _PROBLEMS.items()
}
UNAVAILABLE: Final[dict[int | str, dict[str, Any]]] = {503: refusal("The database does not answer at the moment.")}


def operation_id(route: APIRoute) -> str:
    """Name an operation by its function: a stable name, for generated clients are full of them."""
    return route.name


def described_by(app: FastAPI) -> None:
    """Make an application tell of itself what is so, the media type of errors too; asked for twice, it is made once."""
    original, making = app.openapi, Lock()

    def described() -> dict[str, Any]:
        with making:
            if app.openapi_schema is None:
                app.openapi_schema = completed(_with_problem_type(original))
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # as FastAPI's manual says


def _with_problem_type(original: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    description = original()
    for path in description["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                told = response.get("content", {}).get("application/json", {})
                if int(status) >= 400 and told.get("schema", {}).get("$ref", "").endswith("/ReadinessProblem"):
                    response["content"] = {MEDIA_TYPE: told}
    return description
