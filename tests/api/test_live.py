"""Who listens hears of what changes on the own farms, of each thing once it is committed, and misses nothing."""

import asyncio
import http.client
import json
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

import pytest
import uvicorn
from sqlalchemy import text

from api.app import create_app
from api.serving import listening
from api.watching import listening as hub_module
from api.watching import live as live_module
from bench.waiting import wait_until
from core.timeline import bucket_start
from storage.alerting import alerts
from storage.engine import live
from storage.forecasting import forecasts


@pytest.fixture(scope="module", autouse=True)
def haste():
    """Rights are read again soon, so that nobody waits for it here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "RIGHTS_S", 0.2)
        patch.setattr(hub_module, "TOGETHER_S", 0.01)
        patch.setattr(hub_module, "LOOK_AGAIN_S", 0.05)
        yield


class Server(uvicorn.Server):
    """Ends as the API's own does, which can't be stopped by a signal in a thread."""

    def __init__(self, hub, config):
        super().__init__(config)
        self.hub = hub

    async def shutdown(self, sockets=None):
        self.hub.close()
        await super().shutdown(sockets)


@contextmanager
def serving(app):
    """Serve an API for the time of a block, at the address that is given."""
    with listening("127.0.0.1", 0) as listener:
        server = Server(app.state.live, uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def served(api_engine, hasher, yards, signing_key):
    """The API as it is served, and its address."""
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher)
    with serving(app) as address:
        yield app, address


@dataclass
class Heard:
    kind: str
    id: str | None
    data: dict


class Ear:
    """One listener: events as they come, to be waited for."""

    def __init__(self, address, headers, path="/v1/live", last=None):
        self.events, self.beats = [], 0
        self.is_over = False
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._connection.request("GET", path, headers={**headers, **({} if last is None else {"Last-Event-ID": last})})
        self._socket, self._hearing = self._connection.sock, None
        self.answer = self._connection.getresponse()
        if self.answer.status == 200:
            self.answer.readline()  # it listens from here on
            self._hearing = threading.Thread(target=self._hear)
            self._hearing.start()

    def _hear(self):
        with suppress(OSError, http.client.HTTPException):  # it is closed while it listens
            self._take()
        self.is_over = True

    def _take(self):
        fields = {}
        for line in self.answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == ":":
                self.beats += 1
            elif name:
                fields[name] = value
            elif "event" in fields:
                self.events.append(Heard(fields["event"], fields.get("id"), json.loads(fields["data"])))
                fields = {}
            else:
                fields = {}

    def wait(self, number):
        wait_until(lambda: len(self.events) >= number or self.is_over)
        return self.events

    def close(self):
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._hearing is not None:
            self._hearing.join()
        self._connection.close()


@pytest.fixture
def ear(served, headers_of, engine):
    """Listen as somebody, from behind all that has changed so far: also if an older transaction is still under way."""
    made = []

    def is_told():
        with engine.connect() as connection:
            return not live.is_more_to_come(connection)

    def listen(name="barn-viewer", headers=None, address=served[1], **how):
        wait_until(is_told)
        made.append(Ear(address, headers or headers_of(name), **how))
        return made[-1]

    yield listen
    for one in made:
        one.close()


def change(engine, farm_id, bucket):
    with engine.begin() as connection:
        mark(connection, farm_id, bucket)


def mark(connection, farm_id, bucket):
    query = """INSERT INTO changed_bucket (farm_id, bucket) VALUES (:farm, :bucket)
      ON CONFLICT (farm_id, bucket) DO UPDATE SET version = changed_bucket.version + 1"""
    connection.execute(text(query), {"farm": farm_id, "bucket": bucket})


def test_windows_are_told_of_the_own_farms_alone(ear, engine, yards, last):
    own, foreign = ear("barn-viewer"), ear("other-viewer")
    change(engine, yards["barn"].farm_id, bucket_start(last - 1))

    (event, *_) = own.wait(1)
    assert (event.kind, event.data["farm"]) == ("windows", "barn")
    told = {item["subject"]["name"]: item["window"] for item in event.data["items"]}
    assert set(told) == {"", "young", "old"}
    assert told["old"]["standing_s"] == 300

    change(engine, yards["other"].farm_id, bucket_start(last))
    assert [one.data["farm"] for one in foreign.wait(1)] == ["other"]
    assert [one.data["farm"] for one in own.events] == ["barn"]


def test_alerts_and_forecasts_are_told(ear, engine, yards, last, client, headers_of):
    heard, french = ear(path="/v1/live?event=alert&event=forecast"), ear(path="/v1/live?event=alert&lang=fr")
    barn = yards["barn"]
    slot = bucket_start(last - 4)
    with engine.begin() as connection:
        forecasts.record_cycle(connection, barn.farm_id, slot, series=3, seconds=0.1)
    (event,) = heard.wait(1)
    assert (event.kind, len(event.data["items"])) == ("forecast", 3)
    assert [step["step"] for step in event.data["items"][0]["steps"]] == [1, 2, 3, 4]

    with engine.begin() as connection:
        alerts.judge(connection, barn.alert, "seen", by="ada", at=slot)
    try:
        events = heard.wait(2)
        assert (events[1].kind, events[1].data["id"], events[1].data["state"]) == ("alert", barn.alert, "seen")
        said = [events[1].data["text"], french.wait(1)[0].data["text"]]
        assert [text.split()[0] for text in said] == ["stands", "debout"]
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alert SET judgement = NULL WHERE id = :id"), {"id": barn.alert})


def test_who_comes_again_misses_nothing_and_hears_nothing_twice(ear, engine, yards, last):
    farm = yards["barn"].farm_id
    first = ear()
    for age in (5, 6, 7):
        change(engine, farm, bucket_start(last - age))
    known = [one.id for one in first.wait(3)]
    first.close()
    for age in (8, 5):
        change(engine, farm, bucket_start(last - age))

    again = ear(last=known[1])
    told = [one.data["bucket"] for one in again.wait(3)]
    assert told == [at(last - age) for age in (7, 8, 5)]
    change(engine, farm, bucket_start(last - 9))
    assert again.wait(4)[3].data["bucket"] == at(last - 9)


def at(bucket):
    return bucket_start(bucket).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_commits_late_is_not_passed_over(ear, engine, yards, last):
    """The transaction that began first commits last: what was told meanwhile does not hide it."""
    farm, heard = yards["barn"].farm_id, ear()
    with engine.begin() as slow:
        mark(slow, farm, bucket_start(last - 10))
        change(engine, farm, bucket_start(last - 11))
        change(engine, farm, bucket_start(last - 12))
    told = [one.data["bucket"] for one in heard.wait(3)]

    assert sorted(told) == sorted(at(last - age) for age in (10, 11, 12))
    again = ear(last=heard.events[0].id)
    assert [one.data["bucket"] for one in again.wait(2)] == told[1:]


def test_a_listener_ends_with_the_session(ear, engine, person, headers_of):
    name = person()
    heard = ear(name)
    with engine.begin() as connection:
        query = "DELETE FROM user_session s USING app_user u WHERE u.id = s.user_id AND u.name = :name"
        connection.execute(text(query), {"name": name})

    assert [(one.kind, one.data) for one in heard.wait(1)] == [("end", {"why": "over"})]
    wait_until(lambda: heard.is_over)


def test_who_loses_a_farm_hears_no_more_of_it(ear, engine, person, yards, last, served):
    name = person()
    heard, witness = ear(name), ear("barn-manager")
    with engine.begin() as connection:
        query = "DELETE FROM app_user_farm r USING app_user u WHERE u.id = r.user_id AND u.name = :name"
        connection.execute(text(query), {"name": name})
    hub = served[0].state.live
    wait_until(lambda: any(not listener.farms for listener in hub._listeners))
    change(engine, yards["barn"].farm_id, bucket_start(last - 2))

    witness.wait(1)
    assert heard.events == []


def test_what_was_taken_counts_before_the_next_news(ear, engine, api_engine, hasher, signing_key, person, yards, last):
    """However rarely rights are read for time's sake: what is told after a role was taken is told to nobody."""
    name, farm = person(), yards["barn"].farm_id
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher)
    app.state.live._check = asyncio.Event().wait  # which nobody sets
    with serving(app) as address:
        heard, witness = ear(name, address=address), ear("barn-manager", address=address)
        change(engine, farm, bucket_start(last - 3))
        heard.wait(1)
        with engine.begin() as connection:
            query = "DELETE FROM app_user_farm r USING app_user u WHERE u.id = r.user_id AND u.name = :name"
            connection.execute(text(query), {"name": name})
            mark(connection, farm, bucket_start(last - 4))
        assert [one.data["bucket"] for one in witness.wait(2)] == [at(last - 3), at(last - 4)]
        assert len(heard.events) == 1


@pytest.mark.parametrize(
    "taken",
    [
        "UPDATE app_user_farm r SET role = 'viewer' FROM app_user u WHERE u.id = r.user_id AND u.name = :name",
        "DELETE FROM app_user_farm r USING app_user u WHERE u.id = r.user_id AND u.name = :name",
        "UPDATE app_user SET platform = false WHERE name = :name",
        "DELETE FROM user_session s USING app_user u WHERE u.id = s.user_id AND u.name = :name",
        "DELETE FROM app_user WHERE name = :name",
    ],
)
def test_whatever_is_taken_from_somebody_moves_the_version_of_rights(engine, person, headers_of, taken):
    name = person()
    headers_of(name)
    with engine.connect() as connection:
        before = live.rights_version(connection)
        connection.execute(text(taken), {"name": name})
        assert live.rights_version(connection) > before


@pytest.fixture
def telling(served, monkeypatch):
    """Do something before anything is told."""
    hub = served[0].state.live
    tell = hub._tell

    def before(do):
        def told(connection, piece, animals):
            do(piece)
            return tell(connection, piece, animals)

        monkeypatch.setattr(hub, "_tell", told)

    return before


def test_who_comes_again_far_behind_hears_all_once_in_order_while_more_comes(ear, engine, yards, last, telling):
    """More than may wait comes before half of what was missed has been read, and has been heard by who was there."""
    most, farm = hub_module.MOST_WAITING, yards["barn"].farm_id
    missed, new = ([bucket_start(last + first + n) for n in range(most + 16)] for first in (100, 300))
    witness = ear()
    change(engine, farm, bucket_start(last - 1))
    known = witness.wait(1)[0].id
    for bucket in missed:
        change(engine, farm, bucket)
    witness.wait(1 + len(missed))
    half, to_come = int(missed[len(missed) // 2].timestamp()), iter(new)

    def more(piece):
        if piece.subject <= half:
            for bucket in islice(to_come, 3):
                change(engine, farm, bucket)
        if piece.subject == half:
            witness.wait(1 + len(missed) + len(new))

    telling(more)
    heard = ear(last=known)
    told = [one.data.get("bucket", one.data) for one in heard.wait(len(missed) + len(new))]

    assert told == [bucket.strftime("%Y-%m-%dT%H:%M:%SZ") for bucket in (*missed, *new)]
    change(engine, farm, bucket_start(last - 2))
    assert heard.wait(len(told) + 1)[-1].data["bucket"] == at(last - 2)
    assert [one.kind for one in (*heard.events, *witness.events)].count("end") == 0


def test_the_line_stands_while_what_was_missed_is_read(ear, engine, yards, last, telling, monkeypatch):
    monkeypatch.setattr(live_module, "HEARTBEAT_S", 0.02)
    farm, first, heard = yards["barn"].farm_id, ear(), []
    for age in (1, 2):
        change(engine, farm, bucket_start(last - age))
    known = first.wait(2)[0].id
    first.close()

    telling(lambda _: wait_until(lambda: heard and heard[0].beats > 2))
    heard.append(ear(last=known))
    assert [one.data["bucket"] for one in heard[0].wait(1)] == [at(last - 2)]


def test_what_is_not_wanted_is_not_read_for_who_comes_again(ear, engine, yards, last, telling):
    farm, first, read = yards["barn"].farm_id, ear(), []
    change(engine, farm, bucket_start(last - 1))
    known = first.wait(1)[0].id
    change(engine, farm, bucket_start(last - 2))
    with engine.begin() as connection:
        forecasts.record_cycle(connection, farm, bucket_start(last - 5), series=3, seconds=0.1)
    first.wait(3)
    first.close()

    telling(lambda piece: read.append(piece.kind))
    assert [one.kind for one in ear(path="/v1/live?event=forecast", last=known).wait(1)] == ["forecast"]
    assert read == ["forecast"]


def test_nothing_is_queued_for_whoever_does_not_read(engine, yards):
    listener = hub_module.Listener(None, frozenset({"windows"}), lambda: None, (1, 0), is_behind=False)
    listener.see([1])
    events = [hub_module.Event((1, 1 + n), 1, "windows", "{}") for n in range(hub_module.MOST_WAITING + 1)]
    for event in events[:-1]:
        listener.hear(event)
    assert list(listener.waiting) == events[:-1]

    for _ in range(2):
        listener.hear(events[-1])
        assert (listener.end, listener.is_behind, len(listener.waiting)) == ("", True, 0)


def test_an_id_of_another_database_begins_anew(ear, engine, yards, last):
    heard = ear(last="900000000000000000-1")
    assert heard.wait(1)[0].kind == "reset"
    change(engine, yards["barn"].farm_id, bucket_start(last - 3))
    assert heard.wait(2)[1].kind == "windows"


def test_who_missed_what_is_forgotten_reads_all_anew(ear, engine, yards, last):
    """What is told behind that is told as ever, and whoever stopped behind it goes on as ever."""
    farm, first = yards["barn"].farm_id, ear()
    for age in (20, 21, 22):
        change(engine, farm, bucket_start(last - age))
    known = [one.id for one in first.wait(3)]
    with engine.begin() as connection:
        query = "UPDATE news SET at = at - interval '8 days' WHERE farm_id = :farm AND place <= :place"
        connection.execute(text(query), {"farm": farm, "place": int(known[1].partition("-")[2])})
        live.forget(connection)

    late, early = ear(last=known[0]), ear(last=known[1])
    assert late.wait(1)[0].kind == "reset"
    assert [one.data["bucket"] for one in early.wait(1)] == [at(last - 22)]
    change(engine, farm, bucket_start(last - 23))
    assert [one.data.get("bucket") for one in late.wait(2)] == [None, at(last - 23)]
    again = ear(last=late.events[0].id)
    assert [one.data["bucket"] for one in again.wait(1)] == [at(last - 23)]


def test_windows_of_animals_are_told_to_whoever_wants_them(ear, engine, yards, last, get):
    wanting, other = ear(path="/v1/live?animals=true"), ear()
    change(engine, yards["barn"].farm_id, bucket_start(last - 3))
    known = wanting.wait(1)[0].id
    change(engine, yards["barn"].farm_id, bucket_start(last - 2))
    event, plain = wanting.wait(2)[1], other.wait(2)[1]
    again = ear(path="/v1/live?animals=true", last=known)

    assert [one for one in event.data["items"] if one["subject"]["kind"] != "animal"] == plain.data["items"]
    told = {one["subject"]["name"]: one["window"] for one in event.data["items"] if one["subject"]["kind"] == "animal"}
    assert told
    for name, animal in yards["barn"].animals.items():
        found = get(f"/v1/animals/{animal}/windows", **{"from": at(last - 2), "to": at(last - 1)}).json()["items"]
        assert [told[name]] if name in told else found == []
    assert again.wait(1)[0] == event


@pytest.mark.parametrize(
    ("headers", "path", "last", "status"),
    [
        ({"Authorization": "Bearer x"}, "/v1/live", None, 401),
        (None, "/v1/live", "x", 422),
        (None, "/v1/live?farm=other", None, 404),
        (None, "/v1/live?event=noise", None, 422),
    ],
)
def test_what_is_not_to_be_had_is_refused_at_once(ear, headers, path, last, status):
    assert ear(headers=headers, path=path, last=last).answer.status == status


def test_no_listener_holds_a_connection_of_the_database(ear, engine, yards):
    ears = [ear() for _ in range(20)]
    query = """SELECT count(*) FILTER (WHERE application_name = 'animov_news'),
      count(*) FILTER (WHERE state LIKE 'idle in%') FROM pg_stat_activity WHERE datname = current_database()"""

    def counted():
        with engine.connect() as connection:
            return tuple(connection.execute(text(query)).one())

    wait_until(lambda: counted() == (1, 0))  # what looks at everybody's rights is within a transaction now and then
    assert len(ears) == 20
