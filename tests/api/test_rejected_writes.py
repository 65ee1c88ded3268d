"""A rejected message is told whole, and tried again by the node when a manager asks for it."""

import asyncio
import base64
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from sqlalchemy import text

from animov import rejects
from bench.waiting import wait_until
from core.readings import CollarName
from core.settings import Settings
from core.timeline import bucket_start
from storage.engine import database, queue
from storage.herds import herd
from storage.upkeep.provision import Access


@pytest.fixture
def refused(engine, yards, last):
    """Keep a rejected message of a farm and return its key."""

    def make(topic, payload, farm="barn"):
        key = sha256(topic.encode() + b"\0" + payload).digest()
        query = """INSERT INTO rejected_message VALUES
          (:key, :farm, :topic, 'future', 'too far ahead', :at, :at, 3, :size, :payload) ON CONFLICT DO NOTHING"""
        told = {"key": key, "farm": yards[farm].farm_id, "topic": topic, "at": bucket_start(last)}
        with engine.begin() as connection:
            connection.execute(text(query), {**told, "size": len(payload), "payload": payload})
        return key.hex()

    return make


@pytest.fixture
def access(database_url):
    """The node's database, as its own processes have it."""
    roles = {role: database.as_role(database_url, f"animov_{role}") for role in ("app", "api")}
    return Access(owner=database_url, **roles)


@pytest.fixture
def try_again(access, engine):
    """Do the retries that were asked for, as the node does."""

    async def work():
        async with queue.opened(access.app) as jobs:
            rejects.offer(jobs, access, Settings())
            working = asyncio.create_task(jobs.work("answer"))
            await asyncio.to_thread(wait_until, lambda: not waiting(engine))
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    return lambda: asyncio.run(work())


def waiting(engine):
    with engine.connect() as connection:
        query = (
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'rejected.retry' AND status IN ('todo', 'doing')"
        )
        return connection.execute(text(query)).scalar_one()


def sample(last):
    return b'{"t": %d, "x": 0.0, "y": 1.0, "z": 0.0}' % round(bucket_start(last).timestamp() * 1000)


def test_a_message_is_told_with_its_payload(refused, get):
    key = refused("animov/v1/barn/c-ada/samples", b"\xff{")
    told = get(f"/v1/rejected/{key}").json()

    assert base64.b64decode(told["payload"]) == b"\xff{"
    assert (told["text"], told["count"], told["retried_at"]) == (None, 3, None)
    assert get("/v1/rejected/" + "0" * 64).status_code == 404
    assert get("/v1/rejected/xyz").status_code == 422


def test_a_message_is_tried_again_for_managers_alone(refused, client, headers_of, engine):
    key = refused("animov/v1/barn/c-ada/samples", b"{}")

    for name, status in (("barn-viewer", 403), ("other-administrator", 404)):
        assert client.post(f"/v1/rejected/{key}/retry", headers=headers_of(name)).status_code == status
    assert waiting(engine) == 0


def test_what_is_admitted_is_gone_and_what_is_not_says_when_it_was_tried(
    refused, client, headers_of, get, try_again, engine, last, yards
):
    with engine.begin() as connection:
        herd.ensure_collar(connection, CollarName("barn", "c-again"))
    good = refused("animov/v1/barn/c-again/samples", sample(last))
    bad = refused("animov/v1/barn/c-again/samples", b"not JSON")
    headers = headers_of("barn-manager")
    for key in (good, bad, good):
        assert client.post(f"/v1/rejected/{key}/retry", headers=headers).status_code == 202
    assert waiting(engine) == 2

    try_again()

    assert get(f"/v1/rejected/{good}").status_code == 404
    told = get(f"/v1/rejected/{bad}").json()
    assert told["count"] == 3
    assert datetime.fromisoformat(told["retry_asked_at"]) < datetime.fromisoformat(told["retried_at"])
    assert datetime.fromisoformat(told["retried_at"]) <= datetime.now(UTC)
