"""A farm of a test's own, and people who may see, change or administer it."""

import asyncio
from itertools import count
from typing import NamedTuple

import pytest
from sqlalchemy import text

from core import bits
from core.method import Rule, method
from core.readings import CollarName
from storage.access import users
from storage.evidence import sink
from storage.evidence.sink import Unit
from storage.herds import herd

FIRST = 1_980_000
"""Bucket of the first quarter of an hour that collars tell of."""

_farms = count()


class Person(NamedTuple):
    """Somebody who asks about one farm."""

    client: object
    headers: dict
    farm: str
    farm_id: int

    def ask(self, verb, path="", *, status=200, language="en", headers=(), **sent):
        """Ask for a path of the farm; give what the answer holds, if it is the status that is expected."""
        headers = {**self.headers, "Accept-Language": language, **dict(headers)}
        answer = self.client.request(verb, f"/v1/farms/{self.farm}{path}", headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def items(self, path, **query):
        """What a list holds."""
        return self.ask("GET", path, params=query)["items"]


@pytest.fixture
def people(engine, yards, hasher, client, password):
    """Make a farm and a viewer, a manager and an administrator of it."""

    def make(farm=None):
        farm = farm or f"herd-{next(_farms)}"
        made = {}
        with engine.begin() as connection:
            farm_id = herd.ensure_farm(connection, farm)
            for role in ("viewer", "manager", "administrator"):
                user = users.create_user(connection, f"{farm}-{role}", hasher.hash(password))
                users.set_role(connection, user, farm_id, role)
        for role in ("viewer", "manager", "administrator"):
            answer = client.post("/v1/login", json={"username": f"{farm}-{role}", "password": password})
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            made[role] = Person(client, headers, farm, farm_id)
        return made

    return make


@pytest.fixture
def manager(people):
    """A manager of a farm of one's own."""
    return people()["manager"]


@pytest.fixture
def hear(engine, database_url):
    """Let a collar tell standing for a third of two quarters of an hour, and lying for the rest."""

    def flush(farm, name, *, standing_s=300):
        with engine.begin() as connection:
            collar = herd.ensure_collar(connection, CollarName(farm, name))
            versions = dict(connection.execute(text("SELECT id, registry_version FROM farm")).all())
        told = (bits.ALL, bits.between(0, standing_s), bits.between(standing_s, 900))
        evidence = {(collar, FIRST + bucket, method(Rule.LEG)): told for bucket in (0, 1)}

        async def commit():
            connection = await sink.connect(database_url)
            await sink.commit(connection, Unit(evidence=evidence, registry=versions))
            await connection.close()

        asyncio.run(commit())
        return collar

    return flush


@pytest.fixture
def windows(engine):
    """Read the windows of a farm by animal and quarter of an hour: seconds received, standing, lying."""

    def read(farm_id):
        query = """SELECT n.name, w.bucket, w.received_s, w.standing_s, w.known_s - w.standing_s
        FROM posture_window w JOIN animal n ON n.id = w.animal_id WHERE n.farm_id = :farm"""
        with engine.connect() as connection:
            rows = connection.execute(text(query), {"farm": farm_id})
            return {(name, round(at.timestamp()) // 900 - FIRST): tuple(seconds) for name, at, *seconds in rows}

    return read
