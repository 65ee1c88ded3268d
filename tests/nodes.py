"""Parts of a node that tests have beside them, in threads."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from animov.ports import reserved_port
from api.serving import listening
from bench.waiting import wait_until
from core.settings import Settings
from forecast.life.jobs import offer_model_jobs
from storage.engine import database, queue


class Served:
    """An API that can go away and come back to its port."""

    def __init__(self, make: Callable[[], FastAPI], port: int) -> None:
        self._make, self._port, self._running = make, port, ExitStack()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        app = self._make()
        listener = self._running.enter_context(listening("127.0.0.1", self._port))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)

        def stop() -> None:
            server.servers[0].get_loop().call_soon_threadsafe(app.state.live.close)  # who listens would hold the end up
            server.should_exit = True
            thread.join()

        self._running.callback(stop)

    def stop(self) -> None:
        self._running.close()


@contextmanager
def served(make: Callable[[], FastAPI]) -> Iterator[Served]:
    """Serve an API for the time of a block, at a port that stays its own while it is away."""
    with reserved_port("127.0.0.1") as port:
        node = Served(make, port)
        node.start()
        try:
            yield node
        finally:
            node.stop()


@contextmanager
def training_worker(url: str, engine: Engine, data_dir: Path) -> Iterator[None]:
    """Have trainings and answers worked at for the time of a block.

    Args:
        url: Of the database's owner, for the queue.
        engine: On the same database.
        data_dir: Of the node.
    """
    stop, ready = asyncio.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def work() -> None:
        async with queue.opened(database.as_role(url, "animov_app")) as jobs:
            offer_model_jobs(jobs, engine, Settings(data_dir=data_dir))
            lanes = [asyncio.create_task(jobs.work(lane)) for lane in ("training", "answer")]
            ready.set()
            await stop.wait()
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
