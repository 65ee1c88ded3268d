"""Long work on models, one row of `training` each: done by a job or by a command, given up when nobody wants it.

What came of it is written in one transaction with the model, its alias, and what MLflow has yet to be told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.errors import AnimovError, ConflictError
from core.logs import get_logger
from forecast.cancelling import CancelledError, cancellable, stop_if_cancelled
from forecast.choosing.comparing import Comparison
from forecast.choosing.verdicts import verdict_of
from forecast.kernel.batch import is_batched
from forecast.life.artefacts import FORECAST_CSV, files_of
from forecast.life.continuing import continued
from forecast.life.posted import answer
from forecast.life.promotion import default_of, held_out, origins_of
from forecast.life.subjects import INPUT_CSV, Source, source_of
from forecast.life.training import HELD_OUT, Trained, parted, train
from forecast.life.wanted import Wanted
from forecast.life.watch import Watch
from forecast.model.cost import PLOT, batch_cost, fit_cost, loading_cost, pace
from forecast.regressors.farm_weather import INDEX
from forecast.specification import Specification
from storage.engine import clocks
from storage.engine.database import Connection, Engine, scoped_to
from storage.engine.faults import TransientFaultError, told_apart
from storage.modelling import aliases, models, tracking, trainings
from storage.modelling.models import Model
from storage.modelling.trainings import Training

log = get_logger(__name__)

JUDGED_ON: Final = timedelta(days=14)
"""The end of a series whose origins models are judged on."""

Expect = Callable[[float], None]
"""Told once how many seconds some work should take, before it begins."""


def never() -> bool:
    """Let work go on to its end."""
    return False


def do_work(
    engine: Engine,
    training_id: int,
    *,
    history_days: int,
    is_cancelled: Callable[[], bool] = never,
    expect: Expect = lambda _: None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Training:
    """Do a row of work and return it as it ended; one that has ended, or that somebody else is at, is left as it is.

    Whatever it can't be done for is raised, and kept with the row; of a mistake of ours the log alone tells more than
    the name.

    Args:
        engine: As the role that writes.
        training_id: What to do.
        history_days: Days that the default model of a farm is fitted to.
        is_cancelled: Asked often, from this thread.
        expect: Told once how many seconds it should take, before it begins.
        progress: Told how much is done and how much there is.

    Raises:
        CancelledError: it was given up, and says so; so it does when it is interrupted.
        TransientFaultError: the database went away; the same may be done again.
    """
    with told_apart():
        with trainings.at_work(engine, training_id) as held:
            if held is not None:
                watch = Watch(held, training_id, is_cancelled)
                _hold(engine, held, training_id, Told(watch, expect, progress), history_days)
        with engine.begin() as connection:
            return trainings.find(connection, training_id)


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told of work under way: the one that watches it for the database, and the caller."""

    watch: Watch
    caller_expects: Expect
    caller_progress: Callable[[int, int], None]

    def expect(self, seconds: float) -> None:
        """Say how long it should take."""
        self.watch.expect(seconds)
        self.caller_expects(seconds)

    def progress(self, done: int, of: int) -> None:
        """Say how far it is."""
        self.watch.reached(done, of)
        self.caller_progress(done, of)


def _hold(engine: Engine, held: Connection, training_id: int, told: Told, history_days: int) -> None:
    """Do work that nobody else is at, and keep how it ended."""
    try:
        with told_apart(), cancellable(told.watch.cancelled):
            work = trainings.find(held, training_id)
            if not trainings.begin(held, training_id, at=_now(held)):
                return
            if work.kind == "train":
                _train(engine, work, told)
            elif work.kind == "predict":
                _answer(engine, work)
            else:
                _judge(engine, work, told, history_days=history_days)
    except (CancelledError, KeyboardInterrupt):
        with engine.begin() as connection:
            trainings.give_up(connection, training_id, at=_now(connection))
            if trainings.find(connection, training_id).state == "done":
                return  # the word came too late: all is written
        raise
    except TransientFaultError:
        raise  # the database went away: the work is still wanted
    except Exception as error:
        with engine.begin() as connection:
            trainings.fail(connection, training_id, _why(error, training_id), at=_now(connection))
        raise


def bury_dead(engine: Engine) -> None:
    """Have the record say of work whose process ended that it failed."""
    with engine.begin() as connection:
        dead = trainings.bury(connection, at=_now(connection))
    for training_id in dead:
        log.warning("model.work_died", training=training_id)


def _why(error: Exception, training_id: int) -> str:
    """Return what whoever asked may read of a failure; what isn't written for people goes to the log."""
    if isinstance(error, AnimovError):
        return str(error)
    log.error("model.work_broke", training=training_id, exc_info=error)
    return type(error).__name__


def _train(engine: Engine, work: Training, told: Told) -> None:
    wanted = Wanted.from_json(work.request)
    span = None if wanted.preset else wanted.history + HELD_OUT
    source = source_of(engine, work.subject, span, wanted, work.id)
    learnt, kept = parted(source.history)
    columns = source.columns_at(len(learnt))
    default = tuple(name for name in source.default_regressors if name != INDEX or name in columns)
    specification = wanted.specification_for(learnt, default)
    cost = fit_cost(len(learnt.last(specification.history)), specification) + PLOT
    told.expect(pace() * (cost + loading_cost("statsmodels", "matplotlib")))
    stop_if_cancelled()
    trained = train(learnt, kept, specification, site=source.site, columns=columns)
    files = files_of(trained, f"{source.title}: {specification}")
    stop_if_cancelled()
    with engine.begin() as connection:
        _keep(connection, work, trained, files)


def _keep(connection: Connection, work: Training, trained: Trained, files: dict[str, bytes]) -> None:
    """Write what a training found.

    Raises:
        CancelledError: it was given up meanwhile; the transaction must not be committed.
    """
    now, subject = _now(connection), work.subject
    champion = aliases.locked_champion(connection, subject)
    model_id = models.ensure_model(
        connection,
        subject,
        specification=trained.specification.to_json(),
        digest=trained.specification.digest if subject.series_id is not None else trained.forecast.inputs,
        parameters=trained.forecast.parameters,
        training_id=work.id,
        now=now,
    )
    figures = trained.parameters | trained.metrics | {"parameters": trained.forecast.parameters}
    if not trainings.finish(connection, work.id, metrics=figures, model_id=model_id, at=now):
        raise CancelledError
    for name, content in files.items():
        trainings.keep(connection, work.id, name, content)
    tracking.put(connection, "training", f"training:{work.id}", {"training": work.id}, farm_id=subject.farm_id, at=now)
    if champion is None and subject.series_id is None:
        aliases.point(connection, subject, "champion", model_id, why="first", at=now)
    elif champion != model_id:
        aliases.point(connection, subject, "challenger", model_id, why="trained", at=now)


def _answer(engine: Engine, work: Training) -> None:
    """Foretell the rows that were posted, or without any the series of the model from its end on."""
    found = answer(engine, work) if INPUT_CSV in work.artefacts else continued(engine, work)
    stop_if_cancelled()
    with engine.begin() as connection:
        done = trainings.finish(
            connection, work.id, metrics=found.figures, model_id=work.request["model"], at=_now(connection)
        )
        if not done:
            raise CancelledError
        trainings.keep(connection, work.id, FORECAST_CSV, found.table)


def _judge(engine: Engine, work: Training, told: Told, *, history_days: int) -> None:
    """Test a model, compare it with another or the champion, or let it win against the champion.

    Raises:
        ConflictError: a model is of another series than the work.
    """
    with scoped_to(engine, [work.subject.farm_id]) as connection:
        model = _own_model(connection, work, work.request["model"])
        against = work.request.get("against")
        opponent = (
            _own_model(connection, work, against)
            if against is not None
            else models.holder(connection, work.subject, "champion")
        )
        wanted = _wanted(connection, model)
        if work.subject.series_id is None and opponent is not None and work.kind != "test":
            wanted = wanted.beside(_wanted(connection, opponent))
    one = Specification.from_json(model.specification)
    span = max(one.history, timedelta(days=history_days)) + JUDGED_ON
    source = source_of(engine, work.subject, span, wanted, model.training_id)
    first = Specification.from_json(opponent.specification) if opponent else default_of(source, one, history_days)
    specifications = [one] if work.kind == "test" else [first, one]
    origins = origins_of(source, specifications)
    told.expect(pace() * _cost(source, specifications, len(origins)))
    found = held_out(source, specifications, origins, told.progress)
    stop_if_cancelled()
    with engine.begin() as connection:
        _settle(connection, work, model, opponent, found)


def _cost(source: Source, specifications: Sequence[Specification], origins: int) -> float:
    """Return what it costs to forecast a source from origins by each specification."""
    total = 0.0
    for one in specifications:
        steps = len(source.history.last(one.history))
        total += origins * (batch_cost(steps) if is_batched(one) else fit_cost(steps, one))
    return total + (0.0 if all(map(is_batched, specifications)) else loading_cost("statsmodels"))


def _own_model(connection: Connection, work: Training, model_id: int) -> Model:
    model = models.find_model(connection, model_id)
    if model.subject != work.subject:
        raise ConflictError(f"model {model_id} is of another series than this work, {work.subject.key}")
    return model


def _settle(connection: Connection, work: Training, model: Model, opponent: Model | None, found: Comparison) -> None:
    """Write what was found; who wins reigns, unless another became champion while it was compared."""
    now, metrics = _now(connection), found.to_json()
    if work.kind != "test":
        verdict = verdict_of(found)
        evidence = verdict.evidence | {"champion": opponent.id if opponent else None, "challenger": model.id}
        metrics |= {"wins": verdict.wins, "evidence": evidence}
    if work.kind == "promote":
        reigning = aliases.locked_champion(connection, work.subject)
        if reigning != evidence["champion"]:
            evidence["overtaken_by"] = reigning
        metrics["promoted"] = verdict.wins and "overtaken_by" not in evidence
    if not trainings.finish(connection, work.id, metrics=metrics, model_id=model.id, at=now):
        raise CancelledError
    if metrics.get("promoted"):
        aliases.point(connection, work.subject, "champion", model.id, why="won", at=now, evidence=metrics["evidence"])


def _wanted(connection: Connection, model: Model) -> Wanted:
    """Return what was asked for when a model was trained first."""
    made = None if model.training_id is None else trainings.find(connection, model.training_id)
    return Wanted() if made is None else Wanted.from_json(made.request)


def _now(connection: Connection) -> datetime:
    return clocks.read(connection).now()
