"""The description is made once, when somebody asks or nobody wants anything else, and keeps nobody waiting."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from api.app import create_app

PATIENCE_S = 60


class Making:
    """Makes a description as slowly as it is told to."""

    def __init__(self):
        self.times, self.ended, self.began, self.may_end = 0, False, threading.Event(), threading.Event()

    def __call__(self):
        self.times += 1
        self.began.set()
        assert self.may_end.wait(PATIENCE_S)
        self.ended = True
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


def test_an_end_does_not_wait_for_it(app, making):
    async def end():
        async with app.state.description.made_ahead(0):
            assert await asyncio.to_thread(making.began.wait, PATIENCE_S)

    asyncio.run(end())

    assert not making.ended
    making.may_end.set()


def test_it_is_made_for_all_who_ask_though_the_first_goes_away(app, making):
    async def ask():
        first, second = (asyncio.create_task(app.state.description.written()) for _ in range(2))
        assert await asyncio.to_thread(making.began.wait, PATIENCE_S)
        first.cancel()
        await asyncio.wait({first})
        making.may_end.set()
        return await second

    assert json.loads(asyncio.run(ask())) == {"openapi": "3.1.0", "paths": {}}
    assert making.times == 1


def test_it_is_made_again_for_who_asks_after_a_failure(app, making):
    making.may_end.set()
    app.openapi = lambda: 1 // 0
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/openapi.json").status_code == 500
        app.openapi = making
        assert client.get("/openapi.json").status_code == 200


def test_a_start_does_not_make_it(app, making):
    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200

    assert making.times == 0
