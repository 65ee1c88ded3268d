"""The description is made once, when somebody asks or nobody wants anything else, and keeps nobody waiting."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from api.app import create_app

PATIENCE_S = 30


class Making:
    """Makes a description as slowly as it is told to."""

    def __init__(self):
        self.times, self.began, self.may_end = 0, threading.Event(), threading.Event()

    def __call__(self):
        self.times += 1
        self.began.set()
        assert self.may_end.wait(PATIENCE_S)
        return {"openapi": "3.1.0", "paths": {}}


@pytest.fixture
def making():
    return Making()


@pytest.fixture
def app(api_engine, hasher, signing_key, making):
    made = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher)
    made.openapi = making
    return made


def test_others_are_answered_while_it_is_made_and_it_is_made_once(app, making):
    with TestClient(app) as client, ThreadPoolExecutor() as pool:
        try:
            asking = [pool.submit(client.get, "/openapi.json") for _ in range(3)]
            assert making.began.wait(PATIENCE_S)
            assert client.get("/health/live").json() == {"status": "live"}
            assert not any(one.done() for one in asking)
        finally:
            making.may_end.set()
        answers = [one.result(PATIENCE_S) for one in asking]

    assert [answer.json() for answer in answers] == [{"openapi": "3.1.0", "paths": {}}] * 3
    assert making.times == 1


def test_a_server_that_has_settled_makes_it_before_anybody_asks(app, making):
    making.may_end.set()

    async def settle():
        async with app.state.description.made_ahead(0):
            assert await asyncio.to_thread(making.began.wait, PATIENCE_S)

    asyncio.run(settle())

    assert making.times == 1


def test_a_start_does_not_make_it(app, making):
    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200

    assert making.times == 0
