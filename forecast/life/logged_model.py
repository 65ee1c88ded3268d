"""The model as MLflow keeps and loads it: this file, the code beside it, and numbers in JSON; never a pickle.

MLflow runs it to load a model, in any process that has NumPy, SciPy, statsmodels, pandas and astral; nothing else
imports it.
`predict` continues the series that it is handed, a frame of `date, ratio_debout` and the further columns that the model
looks at, or with no rows the series that it was trained on. Rows after the last ratio are the future of these columns,
and as many are foretold; without any, as many as the model was made for, and the future of a column follows from
the rule that it was trained with.
"""

import json
from datetime import time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from forecast.inputs import Floats
from forecast.life.known_ahead import ColumnsAhead, rules_of
from forecast.life.ratio_file import SeriesTable, read_ratio_table
from forecast.model.predicting import Forecast, predict
from forecast.regressors.design import Site
from forecast.regressors.events import DailyEvent
from forecast.specification import Specification


class SarimaxModel(PythonModel):
    """A specification with the parameters that a training found."""

    def load_context(self, context: Any) -> None:
        """Read the numbers."""
        self.told = json.loads(Path(context.artifacts["model"]).read_text("utf-8"))
        self.trained_on = Path(context.artifacts["train"])
        self.specification = Specification.from_json(self.told["specification"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Return `date` (UTC), `mean`, `lower80`, `upper80`, `lower95`, `upper95`, a row a step."""
        table = self._table(model_input)
        later = max((len(column) - len(table.history) for column in table.columns.values()), default=0)
        horizon = later or self.told["horizon"]
        columns = table.columns if later else self._by_rule(table, horizon)
        made = predict(
            table.history,
            self.specification,
            site=_site(self.told["site"]),
            columns=columns,
            known=self.told["parameters"],
            horizon=horizon,
        )
        return _frame(made)

    def _table(self, given: Any) -> SeriesTable:
        if given is None or len(given) == 0:
            return read_ratio_table(self.trained_on, unit="any", regressors=self._columns(pd.read_csv(self.trained_on)))
        frame = pd.DataFrame(given)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "series.csv"
            frame.to_csv(path, index=False)
            zone, unit = self.told["site"]["zone"], self.told["unit"]
            return read_ratio_table(path, zone=zone, unit=unit, regressors=self._columns(frame))

    def _columns(self, frame: pd.DataFrame) -> list[str]:
        return [name for name in self.specification.regressors if name in frame.columns]

    def _by_rule(self, table: SeriesTable, horizon: int) -> dict[str, Floats]:
        rules = {name: rule for name, rule in rules_of(self.told["future"]).items() if name in table.columns}
        ruled = {name: table.columns[name] for name in rules}
        return ColumnsAhead(table.history, ruled, rules).at(len(table.history), horizon)


def _site(told: dict[str, Any]) -> Site:
    events = tuple(
        DailyEvent(name, time.fromisoformat(at), timedelta(seconds=seconds)) for name, at, seconds in told["events"]
    )
    return Site(told["zone"], told["latitude"], told["longitude"], events)


def _frame(made: Forecast) -> pd.DataFrame:
    dates = [made.origin + step * made.step for step in range(len(made.mean))]
    bands = ("mean", "lower80", "upper80", "lower95", "upper95")
    return pd.DataFrame({"date": dates} | {name: getattr(made, name) for name in bands})


mlflow.models.set_model(SarimaxModel())
