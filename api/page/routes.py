"""Where the page is served: itself at `/`, asked for anew each time, and its files, which never change."""

from typing import Annotated, Final

from fastapi import Path, Request
from fastapi.responses import HTMLResponse, Response

from api.forms.late_routes import Router
from api.forms.preferences import best_language
from api.page.shipping import shipment
from core.errors import NotFoundError

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Forms are sent by script, so that nothing, a password least of all, can ever be sent by the browser itself."""

_FOR_GOOD: Final = "public, max-age=31536000, immutable"

router = Router(include_in_schema=False)


@router.get("/")
def page(request: Request) -> Response:
    """Return the page, in French unless the browser likes English better; its reader may choose otherwise."""
    asked = request.headers.get("Accept-Language")
    language = "fr" if asked is None else best_language(asked)
    told = shipment().first.replace('<html lang="fr">', f'<html lang="{language}">')
    return HTMLResponse(
        told, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Vary": "Accept-Language"}
    )


@router.get("/page/{version}/{name}")
def file(version: Annotated[str, Path(max_length=64)], name: Annotated[str, Path(max_length=64)]) -> Response:
    """Return a file of the page."""
    shipped = shipment()
    found = shipped.files.get(name)
    if found is None or version != shipped.version:
        raise NotFoundError("file", name)
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": _FOR_GOOD})
