"""A series that goes on: what a model foretells of it from its end, with bands."""

import numpy as np

from core.errors import AnimovError
from forecast.inputs import History
from forecast.life.artefacts import BANDS, ratio_csv
from forecast.life.posted import Answered
from forecast.life.subjects import source_of
from forecast.life.wanted import Wanted
from forecast.model.predicting import predict
from forecast.specification import Specification
from storage.engine.database import Engine, scoped_to
from storage.modelling import models, trainings
from storage.modelling.trainings import Training


class ContinuingError(AnimovError):
    """A model can't go on with its series."""


def continued(engine: Engine, work: Training) -> Answered:
    """Foretell `horizon` steps from the end of a model's series, as it is known now; of a file from its last value.

    Raises:
        NotFoundError: there is no such model, or its file is not kept any longer.
        TrainingError: not one value of the series is known.
        RegressorError: of a column's future nothing is known.
        ContinuingError: the model can't be fitted to what is known.
    """
    with scoped_to(engine, [work.subject.farm_id]) as connection:
        model = models.find_model(connection, work.request["model"])
        first = None if model.training_id is None else trainings.find(connection, model.training_id)
    specification = Specification.from_json(model.specification)
    wanted = Wanted() if first is None else Wanted.from_json(first.request)
    source = source_of(engine, model.subject, specification.history, wanted, model.training_id)
    horizon = work.request["horizon"]
    end = len(source.history)
    columns = {name: column[: end + horizon] for name, column in source.columns_at(end).items()}
    made = predict(source.history, specification, site=source.site, columns=columns, horizon=horizon)
    if made.model == "none":
        raise ContinuingError(f"{specification} can't go on with this series: {made.reason}")
    ahead = History(made.origin, made.step, np.full(horizon, np.nan))
    table = ratio_csv(ahead, {name: getattr(made, name) for name in BANDS})
    by_model = horizon if not made.reason else 0
    return Answered(table, {"rows": horizon, "by_model": by_model, "moved_days": 0})
