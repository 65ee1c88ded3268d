"""The page on which the API can be tried out. Everything that it loads comes from here."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles

from api.forms.framing import PAGE_POLICY
from api.forms.late_routes import Router
from core.errors import UnavailableError

_PAGES: Final = Path(__file__).parent / "pages"
_HEADERS: Final = {"Content-Security-Policy": PAGE_POLICY}

router = Router(include_in_schema=False)


@router.get("/docs")
def docs() -> Response:
    """Return the page on which the API can be tried out."""
    return FileResponse(_PAGES / "docs.html", media_type="text/html", headers=_HEADERS)


def serve_assets(app: FastAPI) -> None:
    """Serve what pages load: Swagger UI as packed in `fastapi-offline`, and our own few files."""
    app.mount("/assets/swagger", StaticFiles(directory=_swagger()), name="swagger")
    app.mount("/assets", StaticFiles(directory=_PAGES), name="assets")


def _swagger() -> Path:
    found = find_spec("fastapi_offline")  # not imported: its files are all that is wanted
    if found is None or found.origin is None:
        raise UnavailableError("the package fastapi-offline, which holds the files of /docs, is not installed")
    return Path(found.origin).parent / "static"
