"""A model as a folder that MLflow loads: the code that foretells, the numbers, the series it was trained on."""

import json
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from forecast.life.artefacts import TRAIN_CSV
from forecast.life.training import HELD_OUT
from forecast.regressors.design import Site
from forecast.specification import Specification

ROOT: Final = Path(__file__).parents[2]
CODE: Final = ("core", "forecast")
"""What is logged beside the model, so that it loads where AniMOV is not installed."""

NEEDED: Final = ("astral", "numpy", "pandas", "scipy", "statsmodels", "tzdata")


def numbers_of(
    specification: Specification, parameters: Mapping[str, float], site: Site, unit: str, future: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what the logged model reads, as plain data; `future` holds rules of columns as `rules_of` reads them."""
    return {
        "specification": specification.to_json(),
        "parameters": dict(parameters),
        "horizon": HELD_OUT // specification.step,
        "unit": unit,
        "future": list(future),
        "site": {
            "zone": site.zone,
            "latitude": site.latitude,
            "longitude": site.longitude,
            "events": [(e.name, e.start.isoformat(), e.length.total_seconds()) for e in site.events],
        },
    }


def save_model(folder: Path, numbers: Mapping[str, Any], train_csv: bytes) -> Path:
    """Write a model in MLflow's form below a folder and return where it is."""
    (folder / "model.json").write_text(json.dumps(numbers), "utf-8")
    (folder / TRAIN_CSV).write_bytes(train_csv)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's hints on annotations, its own included
        import mlflow.pyfunc  # noqa: PLC0415 - two seconds and 170 MB that only whoever logs should pay

        mlflow.pyfunc.save_model(
            str(folder / "model"),
            python_model=str(ROOT / "forecast" / "life" / "logged_model.py"),
            artifacts={"model": str(folder / "model.json"), "train": str(folder / TRAIN_CSV)},
            code_paths=[str(ROOT / name) for name in CODE],
            pip_requirements=[f"mlflow=={version('mlflow')}", *(f"{name}=={version(name)}" for name in NEEDED)],
        )
    return folder / "model"
