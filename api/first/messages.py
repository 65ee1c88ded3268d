"""How the first AniMOV's routes refuse: JSON with a sentence in French in its member `message`."""

from http import HTTPStatus
from typing import Final

from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.forms.answers import Answer
from api.forms.problems import TELLING, ProblemError
from core.problem_texts import in_language

NO_CREDENTIALS: Final = "Nom d'utilisateur ou mot de passe manquant!"
WRONG_CREDENTIALS: Final = "Authentification échouée!"
NO_TOKEN: Final = "Token manquant!"  # noqa: S105 - no secret
BAD_TOKEN: Final = "Token invalide!"  # noqa: S105 - no secret
NO_DATA: Final = "Données d'entrée manquantes!"
NO_RIGHT: Final = "Droits insuffisants sur cette exploitation!"
NO_CHAMPION: Final = "Aucun modèle champion: entraînez d'abord un modèle avec POST /train."
AWAY: Final = "La base de données ne répond pas pour le moment, réessayez plus tard."

PATHS: Final = frozenset({"login", "train", "predict", "rmse"})
"""What the paths of these routes begin with."""


class Message(Answer):
    """Why a request was not answered."""

    message: str = Field(description="A sentence in French.", examples=[NO_DATA])


class MessageError(ProblemError):
    """A request of the first AniMOV's clients that is refused in its own words."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(status, "first", message)


class InFrench:
    """ASGI middleware, outermost: whoever refuses a request to these routes, and why, it is told in `message`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].removeprefix("/").partition("/")[0] in PATHS:
            scope.setdefault("state", {})[TELLING] = _told
        await self._app(scope, receive, send)


def refused(message: str, status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    """Return the answer that tells a refusal."""
    return JSONResponse({"message": message}, status, headers)


def _told(problem: ProblemError, scope: Scope) -> Response:
    return refused(_sentence(problem, Headers(scope=scope)), problem.status, problem.headers)


def _sentence(problem: ProblemError, headers: Headers) -> str:
    if isinstance(problem, MessageError):
        return problem.detail
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return BAD_TOKEN if headers.get("x-access-tokens") or headers.get("Authorization") else NO_TOKEN
    if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return f"Paramètre non valide: {', '.join(fault.field for fault in problem.errors)}."
    said = {HTTPStatus.FORBIDDEN: NO_RIGHT, HTTPStatus.SERVICE_UNAVAILABLE: AWAY}
    return said.get(problem.status) or in_language(problem.detail, "fr")
