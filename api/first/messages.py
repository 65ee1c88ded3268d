"""How the first AniMOV's routes refuse: JSON with a sentence in French in its member `message`."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import Field

from api.forms.answers import Answer
from api.forms.problems import ProblemError
from core.errors import AnimovError, UnavailableError
from core.problem_texts import in_language

NO_CREDENTIALS: Final = "Nom d'utilisateur ou mot de passe manquant!"
WRONG_CREDENTIALS: Final = "Authentification échouée!"
NO_TOKEN: Final = "Token manquant!"  # noqa: S105 - no secret
BAD_TOKEN: Final = "Token invalide!"  # noqa: S105 - no secret
NO_DATA: Final = "Données d'entrée manquantes!"
NO_RIGHT: Final = "Droits insuffisants sur cette exploitation!"
NO_CHAMPION: Final = "Aucun modèle champion: entraînez d'abord un modèle avec POST /train."
AWAY: Final = "La base de données ne répond pas pour le moment, réessayez plus tard."


class Message(Answer):
    """Why a request was not answered."""

    message: str = Field(description="A sentence in French.", examples=[NO_DATA])


class MessageError(AnimovError):
    """A request of the first AniMOV's clients that is refused."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


def refused(message: str, status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    """Return the answer that tells a refusal."""
    return JSONResponse({"message": message}, status, headers)


class FrenchRoute(APIRoute):
    """A route whose refusals, whoever raises them, are told in `message`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route with what tells its refusals."""
        answer = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await answer(request)
            except (AnimovError, RequestValidationError) as error:
                return _told(request, error)

        return told


def _told(request: Request, error: Exception) -> Response:
    if isinstance(error, MessageError):
        return refused(str(error), error.status)
    if isinstance(error, UnavailableError):
        return refused(AWAY, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})
    if isinstance(error, ProblemError):
        return refused(_of_problem(request, error), error.status, error.headers)
    if isinstance(error, RequestValidationError):
        names = ", ".join(str(one["loc"][-1]) for one in error.errors())
        return refused(f"Paramètre non valide: {names}.", HTTPStatus.UNPROCESSABLE_ENTITY)
    raise error


def _of_problem(request: Request, error: ProblemError) -> str:
    if error.status == HTTPStatus.UNAUTHORIZED:
        given = request.headers.get("x-access-tokens") or request.headers.get("Authorization")
        return BAD_TOKEN if given else NO_TOKEN
    return NO_RIGHT if error.status == HTTPStatus.FORBIDDEN else in_language(error.detail, "fr")
