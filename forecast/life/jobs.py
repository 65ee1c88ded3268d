"""Jobs of a model's life, asked for by name: work on models in the lane of trainings, telling MLflow in the background.

Whoever asks, such as the API, puts the work down first and asks for it by its number:
`queue.ask("model.train", key="model:7", lane="training", training_id=7)`.
"""

from collections.abc import Callable
from typing import Final, get_args

from core.errors import AnimovError
from core.logs import get_logger
from core.settings import Settings
from forecast.cancelling import CancelledError
from forecast.life.forgetting import finish_deletions
from forecast.life.tracking import track
from forecast.life.work import do_work
from storage.engine import clocks
from storage.engine.database import Engine
from storage.engine.queue import Queue
from storage.leaving.deletions import DELETE
from storage.modelling.trainings import Kind

log = get_logger(__name__)

TRACK: Final = "forecast.track"


def offer_model_jobs(queue: Queue, engine: Engine, settings: Settings) -> None:
    """Let this process work on models, tell MLflow, and delete farms."""

    def work(training_id: int, is_cancelled: Callable[[], bool]) -> None:
        try:
            done = do_work(engine, training_id, history_days=settings.history_days, is_cancelled=is_cancelled)
        except CancelledError:
            log.info("model.work_cancelled", training=training_id)
            if is_cancelled():
                raise
        except AnimovError as error:  # it is kept with the work; nothing is gained by trying again
            log.warning("model.work_failed", training=training_id, error=str(error))
        else:
            log.info("model.work_done", training=training_id, kind=done.kind, state=done.state)

    def tell() -> None:
        with engine.connect() as connection:
            now = clocks.read(connection).now()
        track(engine, settings, now)

    def delete() -> None:
        finish_deletions(engine, settings)

    for kind in get_args(Kind):
        queue.offer_cancellable(f"model.{kind}", work)
    queue.offer(TRACK, tell)
    queue.offer(DELETE, delete)
