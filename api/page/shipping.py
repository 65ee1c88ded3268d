"""The files of the page, under an address that changes with their content: a browser keeps them for good."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from api.page.texts import catalogue

_FILES: Final = Path(__file__).parent / "static"
_FIRST: Final = "index.html"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}


class File(NamedTuple):
    """A file as it is sent."""

    content: bytes
    media_type: str


class Shipment(NamedTuple):
    """The page: what comes first, and the files that it loads, by name, of one version."""

    first: str
    version: str
    files: Mapping[str, File]


@cache
def shipment() -> Shipment:
    """Return the page as it is in this installation; it is read once."""
    files = dict(_files())
    first = (_FILES / _FIRST).read_text("utf-8")
    told = b"\0".join(part for name, file in sorted(files.items()) for part in (name.encode(), file.content))
    version = blake2b(told, digest_size=8).hexdigest()
    return Shipment(first.replace("VERSION", version), version, files)


def _files() -> Iterator[tuple[str, File]]:
    for path in sorted(_FILES.iterdir()):
        if path.suffix in _TYPES:
            yield path.name, File(path.read_bytes(), _TYPES[path.suffix])
    for language in ("fr", "en"):
        told = json.dumps(catalogue(language), ensure_ascii=False, separators=(",", ":"))
        yield f"texts.{language}.json", File(told.encode(), _TYPES[".json"])
