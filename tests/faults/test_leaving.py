"""A farm leaves while its collars speak, jobs work for it and processes die: nothing comes back, nobody else loses."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from animov.edge import decoder_for
from core.delivery import Batch
from core.readings import CollarName, Message
from core.settings import Settings
from forecast.life.forgetting import finish_deletions
from forecast.life.registry import open_registry
from forecast.life.tracking import CYCLES, track
from storage.engine import queue
from storage.engine.database import scoped_to, see_farms
from storage.evidence import registry, sink
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from storage.leaving import deletions
from storage.leaving.emptying import empty
from storage.modelling import tracking
from storage.schema.farm_tables import OF_FARM
from stream.runner import Runner, running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, of SQLAlchemy

T0 = 1_710_000_000
TAGS = 4
MAKE_DECODER = partial(decoder_for, Settings())


@pytest.fixture
def farms(engine):
    """Ids of `leaving` and `staying`, each with tags that animals wear."""
    made = {}
    with engine.begin() as connection:
        for farm in ("leaving", "staying"):
            for number in range(TAGS):
                collar = herd.ensure_collar(connection, CollarName(farm, f"tag-{number}"))
                calibrations.append(connection, collar, 0, Reading("leg"), None)
                farm_id = herd.find_farm(connection, farm)
                herd.assign(connection, collar, herd.ensure_animal(connection, farm_id, f"{number}"))
            made[farm] = farm_id
    return made


def begin(engine, farm_id):
    with engine.begin() as connection:
        see_farms(connection, [farm_id], administered=[farm_id])
        return deletions.begin(connection, farm_id, None)


def leaving(engine):
    with engine.connect() as connection:
        (found,) = deletions.unfinished(connection)
    return found


def round_of(number):
    """What all tags of both farms say in a quarter of an hour, one of them nonsense, and a stranger's first words."""
    for farm in ("leaving", "staying"):
        for tag in (*range(TAGS), f"new-{number}"):
            payload = json.dumps({"t": (T0 + 900 * number) * 1000, "x": 0.1, "y": 1.0, "z": 0.1}).encode()
            yield Message(f"animov/v1/{farm}/tag-{tag}/samples", (T0 + 86_400) * 1000, payload)
        yield Message(f"animov/v1/{farm}/tag-0/samples", (T0 + 86_400) * 1000, b"{%d" % number)


def held(engine, farm):
    """How many rows there are of a farm, by the table; farms and messages by their names."""
    with engine.connect() as connection:
        of = {"name": farm}
        found = connection.execute(text("SELECT id FROM farm WHERE name = :name"), of).scalar()
        rejected = "SELECT count(*) FROM rejected_message WHERE topic LIKE 'animov/v1/' || :name || '/%'"
        counts = {"rejected_message": connection.execute(text(rejected), of).scalar_one()}
        for table in ("evidence", "posture_window", "raw_pack") if found else ():
            query = f"SELECT count(*) FROM {table} t WHERE {OF_FARM[table].format(farm=found)}"
            counts[table] = connection.execute(text(query)).scalar_one()
    return counts


def test_collars_that_go_on_speaking_bring_nothing_back(engine, database_url, farms):
    """The edge runs from before the deletion until after it: all that it took is settled, the other farm keeps all."""
    rounds, at, settled = 40, 12, []

    async def hear():
        runner = Runner(database_url, MAKE_DECODER, most_keys=50)
        async with running(runner):
            following = asyncio.create_task(registry.follow(database_url, runner.take_registry))
            deletion = None
            for number in range(rounds):
                runner.intake(Batch(list(round_of(number)), partial(settled.append, number)))
                if number == at:
                    deletion = asyncio.create_task(asyncio.to_thread(delete))
                if number % 4 == 3:
                    await runner.drained()
            await deletion
            runner.intake(Batch(list(round_of(rounds)), partial(settled.append, rounds)))
            await runner.drained()
            following.cancel()
        return runner.counts

    def delete():
        begin(engine, farms["leaving"])
        empty(engine, leaving(engine))

    counts = asyncio.run(hear())

    assert settled == list(range(rounds + 1))
    assert held(engine, "leaving") == {"rejected_message": 0}
    assert counts.dropped >= TAGS + 1
    kept = held(engine, "staying")
    assert kept["evidence"] >= kept["posture_window"] == TAGS * (rounds + 1)
    assert kept["rejected_message"] == rounds + 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT array_agg(name) FROM farm")).scalar_one() == ["staying"]


def test_a_name_is_good_again_once_somebody_makes_a_farm_of_it(engine, database_url, farms):
    begin(engine, farms["leaving"])
    empty(engine, leaving(engine))
    with engine.begin() as connection:
        again = herd.ensure_farm(connection, "leaving")
    assert again not in farms.values()

    async def hear():
        runner = Runner(database_url, MAKE_DECODER, most_keys=50)
        async with running(runner):
            runner.intake(Batch(list(round_of(0)), lambda: None))

    asyncio.run(hear())
    assert held(engine, "leaving") == {"rejected_message": 1, "evidence": TAGS + 1, "posture_window": 0, "raw_pack": 1}


def test_a_flush_that_waited_for_the_deletion_is_made_again(engine, database_url, farms):
    """Who holds an older registry finds out before it writes."""

    async def flush():
        async with await sink.connect(database_url) as connection:
            known = await registry.load(connection)
            await asyncio.to_thread(begin, engine, farms["leaving"])
            unit = sink.Unit(registry={farms["leaving"]: known.versions[farms["leaving"]]})
            with pytest.raises(sink.StaleRegistryError):
                await sink.commit(connection, unit)
            await registry.create_collars(connection, [CollarName("leaving", "tag-0"), CollarName("third", "tag-0")])

    asyncio.run(flush())
    with engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM farm WHERE NOT leaving ORDER BY name")).scalars().all()
    assert names == ["staying", "third"]


def test_a_job_of_a_farm_that_is_gone_is_done(engine, database_url, farms):
    """One that fails for any other reason stays failed."""
    ends = threading.Barrier(2)

    def work(farm_id):
        if farm_id == farms["leaving"]:
            begin(engine, farm_id)
            empty(engine, leaving(engine))
        with scoped_to(engine, [farm_id]) as connection:
            insert = "INSERT INTO unscored_bucket SELECT :farm, now() FROM generate_series(1, :times)"
            times = 1 if farm_id == farms["leaving"] else 2
            connection.execute(text(insert), {"farm": farm_id, "times": times})

    async def run():
        async with queue.opened(database_url) as jobs:
            jobs.offer("work", work)
            jobs.offer("end", lambda: ends.wait(60))
            for farm, farm_id in farms.items():
                await jobs.ask("work", key=farm, farm_id=farm_id)
            await jobs.ask("end", key="end", priority=-1)
            worker = asyncio.create_task(jobs.work("background"))
            await asyncio.to_thread(ends.wait, 60)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    asyncio.run(run())
    with engine.connect() as connection:
        query = "SELECT queueing_lock FROM procrastinate_jobs WHERE task_name = 'work'"
        assert connection.execute(text(query)).scalars().all() == ["staying"]


DYING = """
import os, signal, sys
from pathlib import Path
from core.settings import Settings
from forecast.life import forgetting, registry
from storage.engine.database import engine_for

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, where = sys.argv[1:]
report = lambda done, of: die() if where == "rows" and done == 3 else None
if where == "mlflow":
    took = registry.take_away
    registry.take_away = lambda *known: (took(*known), die())
forgetting.finish_deletions(engine_for(url), Settings(data_dir=Path(folder)), report)
"""


def test_whoever_finds_a_deletion_goes_on_with_it(engine, database_url, farms, mlflow_settings):
    """Killed among the rows, and again among the runs: the next one ends what is left; the other farm has its runs."""
    with engine.begin() as connection:
        now = connection.execute(text("SELECT now()")).scalar_one()
        for farm_id in farms.values():
            for slot in range(3):
                tracking.put(connection, "cycle", f"cycle:{farm_id}:{slot}", {}, farm_id=farm_id, at=now)
    assert track(engine, mlflow_settings, now).waiting == 0
    begin(engine, farms["leaving"])

    for where in ("rows", "mlflow"):
        words = [sys.executable, "-c", DYING, database_url, str(mlflow_settings.data_dir), where]
        ended = subprocess.run(words, env=os.environ, check=False, capture_output=True)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert leaving(engine).emptied == (where == "mlflow")
    assert finish_deletions(engine, mlflow_settings) == (1, 0, "")
    assert finish_deletions(engine, mlflow_settings) == (0, 0, "")

    client = open_registry(mlflow_settings).client
    runs = client.search_runs([client.get_experiment_by_name(CYCLES).experiment_id], "", 3)
    assert sorted(run.data.tags["animov.key"] for run in runs) == [f"cycle:{farms['staying']}:{n}" for n in range(3)]


def test_mlflow_away_delays_the_end_and_nothing_else(engine, farms, mlflow_settings):
    begin(engine, farms["leaving"])
    away = mlflow_settings.model_copy(update={"mlflow_uri": SecretStr("http://127.0.0.1:9")})

    assert finish_deletions(engine, away).fault
    assert leaving(engine).emptied

    assert finish_deletions(engine, mlflow_settings).fault == ""
