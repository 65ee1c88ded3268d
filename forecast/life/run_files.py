"""What MLflow holds of a farm, as files: each run with its parameters, metrics and tags, and its artefacts."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from core.errors import UnavailableError
from core.settings import Settings
from forecast.life import registry
from forecast.life.forgetting import runs_of
from forecast.life.tracking import fault_of

_PORTION: Final = 1 << 18


def run_files(
    settings: Settings, farm_id: int, name: str, models: Sequence[int]
) -> Iterator[tuple[str, str, Iterable[bytes]]]:
    """Yield name, what it is, and contents of the files of a farm's runs; each is there until the next is asked for.

    Raises:
        UnavailableError: MLflow does not answer.
    """
    try:
        opened = registry.open_registry(settings)
        for run in runs_of(opened, farm_id, name, models):
            yield from _files_of(opened.client, run)
    except Exception as error:  # whatever MLflow and its stores raise: it is away
        raise UnavailableError(f"MLflow does not answer, {fault_of(error)}") from error


def _files_of(client: Any, run: Any) -> Iterator[tuple[str, str, Iterable[bytes]]]:
    place = f"mlflow/{run.info.run_id}"
    told = {"info": dict(run.info), **run.data.to_dictionary()}
    yield f"{place}/run.json", "A run of MLflow.", [json.dumps(told, default=str, ensure_ascii=False).encode()]
    with TemporaryDirectory() as folder:
        root = Path(client.download_artifacts(run.info.run_id, "", folder))
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield f"{place}/{path.relative_to(root).as_posix()}", "A file of that run.", _portions(path)


def _portions(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while portion := file.read(_PORTION):
            yield portion
