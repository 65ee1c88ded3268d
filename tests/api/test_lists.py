"""Every list comes as JSON, CSV or Parquet, in part or whole, and says the same in each of them."""

import csv
import io
import threading
import tracemalloc
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from api.forms import csv_text
from api.forms.columns import Column, columns_of
from api.window_items import OneAnimalsWindow
from core.tabular import number, read_table
from core.timeline import bucket_start

LISTS = (
    "/v1/farms",
    "/v1/farms/barn/groups",
    "/v1/farms/barn/animals",
    "/v1/farms/barn/collars",
    "/v1/farms/barn/windows",
    "/v1/farms/barn/windows?resolution=hour",
    "/v1/farms/barn/animal-windows",
    "/v1/farms/barn/forecast/steps?baselines=true",
    "/v1/farms/barn/alerts",
    "/v1/rejected",
)


def asked(path, **query):
    return path + ("&" if "?" in path else "?") + "&".join(f"{name}={value}" for name, value in query.items())


def flat(item, above=()):
    """The cells of an item of JSON by the names of columns."""
    found = {}
    for name, value in item.items():
        if isinstance(value, dict) and name not in {"evidence", "expected"}:
            found |= flat(value, (*above, name))
        elif not isinstance(value, list | dict):
            found["_".join((*above, name))] = value
    return found


def as_text(value):
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [{}, {"limit": 2000}], ids=["whole", "part"])
def test_csv_says_what_json_says(get, path, limit):
    items = get(path).json()["items"]
    answer = get(asked(path, format="csv", **limit))
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text.count("\r\n") == len(items) + 1
    assert len(rows) == len(items)
    assert items
    for row, item in zip(rows, items, strict=True):
        for name, value in flat(item).items():
            if value is None:  # an object that is absent has no columns to be named by
                assert not row.get(name)
            elif isinstance(value, float):
                assert float(row[name]) == pytest.approx(value), name
            else:
                assert row[name] == as_text(value), name


@pytest.mark.parametrize("path", LISTS)
def test_parquet_says_what_json_says(get, path):
    items = get(path).json()["items"]
    answer = get(asked(path, format="parquet"))
    rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()

    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        for name, value in flat(item).items():
            if value is None:
                assert row.get(name) is None
            elif isinstance(row[name], datetime):
                assert row[name] == datetime.fromisoformat(value), name
            else:
                assert row[name] == value, name


def test_parquet_has_true_types_and_units(get):
    answer = get("/v1/farms/barn/animal-windows?format=parquet&tz=Europe/Paris")
    schema = pq.read_schema(io.BytesIO(answer.content))

    assert schema.field("bucket").type == pa.timestamp("us", tz="UTC")
    assert schema.field("known_s").type == pa.int64()
    assert schema.field("standing_ratio").type == pa.float64()
    assert schema.field("animal_name").type == pa.string()
    assert schema.field("known_s").metadata[b"unit"] == b"s"
    assert b"known" in schema.field("known_s").metadata[b"description"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.1", "text/csv"),
        ("text/*", "text/csv"),
        ("", "application/json"),
    ],
)
def test_a_client_says_by_accept_what_it_wants(client, token, accept, kind):
    headers = {"Authorization": token, "Accept": accept}
    answer = client.get("/v1/farms", headers=headers)

    assert answer.headers["Content-Type"].partition(";")[0] == kind
    assert "Accept" in answer.headers["Vary"]
    assert client.get("/v1/farms?format=json", headers=headers).headers["Content-Type"] == "application/json"


def test_what_nobody_offers_is_refused(client, token):
    answer = client.get("/v1/farms", headers={"Authorization": token, "Accept": "image/png"})

    assert answer.status_code == 406
    assert answer.json()["type"] == "urn:animov:problem:not-acceptable"


@pytest.fixture(scope="module")
def token(client, yards, password):
    body = {"username": "barn-viewer", "password": password}
    return f"Bearer {client.post('/v1/login', json=body).json()['access_token']}"


@pytest.mark.parametrize("path", LISTS)
def test_fields_leave_out_the_others(get, path):
    whole = get(path).json()
    first, *_, last = whole["items"][0]
    for fields in ([first], [first, last]):
        answer = get(asked(path, fields=",".join(fields)))
        assert answer.headers["Content-Type"] == "application/vnd.animov.fields+json"
        assert answer.json() == {
            "next": whole["next"],
            "items": [{name: value for name, value in item.items() if name in fields} for item in whole["items"]],
        }


@pytest.mark.parametrize("fields", ["", "nothing", "id,", "id,,name", "ID", "id%00", "__class__"])
def test_fields_that_are_none_are_refused(get, fields):
    answer = get(f"/v1/farms/barn/animals?fields={fields}")

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["fields"]


def test_members_of_members_are_refused_by_their_names(get):
    (fault,) = get("/v1/farms/barn/animals?fields=id,group.name,state.0").json()["errors"]

    assert fault["message"].startswith(
        "there is no 'group.name', 'state.0' here; items have collar_ids, group, id, name"
    )


@pytest.mark.parametrize("path", [*LISTS, "/v1/farms/barn", "/v1/farms/barn/forecast", "/health/live", "/health/ready"])
def test_parameters_that_nobody_reads_are_refused(get, path):
    answer = get(asked(path, formt="csv", Limit="3"))

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["formt", "Limit"]


def test_a_parameter_is_given_once_unless_it_is_a_list(get):
    assert get("/v1/farms?limit=1&limit=2").status_code == 422
    assert get("/v1/farms/barn/alerts?state=open&state=closed").status_code == 200


@pytest.mark.parametrize("kind", ["json", "csv", "parquet"])
def test_the_next_part_is_linked(get, kind):
    """Following the links gives as many parts as there are items."""
    path, parts = f"/v1/farms/barn/animal-windows?limit=7&format={kind}&tz=Europe/Paris", 0
    while path is not None:
        answer = get(path)
        parts += 1
        link = answer.headers.get("Link")
        path = None if link is None else link.partition("<")[2].partition(">")[0]

    assert parts == -(-(12 + 8 + 12) // 7)


def test_only_some_animals_if_asked(get, yards):
    wanted = yards["barn"].animals["cora"]
    for kind in ("json", "csv"):
        body = get(f"/v1/farms/barn/animal-windows?animal={wanted}&format={kind}").text
        assert "cora" in body
        assert "ada" not in body


def test_french_csv_is_what_a_french_spreadsheet_reads(get):
    answer = get("/v1/farms/barn/animal-windows?format=csv&dialect=fr")
    header, first, *_ = answer.text.split("\r\n")

    assert answer.content.startswith(b"\xef\xbb\xbfbucket;")
    table = read_table(answer.content)
    ratios = [
        number(cell, line=row.line, column="standing_ratio")
        for row in table.select("standing_ratio")
        for cell in row.cells
    ]
    items = get("/v1/farms/barn/animal-windows").json()["items"]
    assert ratios == pytest.approx([item["standing_ratio"] for item in items])
    assert any("," in row for row in (first,))
    assert header.count(";") == first.count(";")


TEXT = Column("text", ("text",), "text", "", "")
NUMBER = Column("number", ("number",), "number", "", "")


@given(st.text(max_size=6), st.sampled_from([csv_text.RFC_4180, csv_text.FRENCH]))
def test_no_text_is_a_formula_and_every_text_comes_back(given_text, dialect):
    written = csv_text.rows([[given_text, -1.5]], [TEXT, NUMBER], dialect).decode()
    ((cell, figure),) = csv.reader(io.StringIO(written, newline=""), delimiter=dialect.delimiter)

    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell in {given_text, f"'{given_text}"}
    assert figure == f"-1{dialect.decimal}5"


def test_the_columns_of_all_windows_are_those_of_the_copy(get):
    """What the database writes and what we write agree to the byte."""
    path = "/v1/farms/barn/animal-windows"
    for zone in ("UTC", "Europe/Paris"):
        for more in ({}, {"dialect": "fr"}, {"fields": "animal_name,bucket,standing_ratio"}):
            whole, part = (get(path, format="csv", tz=zone, **more, **limit).text for limit in ({}, {"limit": "2000"}))
            assert numbers_rounded(whole) == numbers_rounded(part)
    assert {column.name for column in columns_of(OneAnimalsWindow)} >= {"animal_id", "bucket", "coverage"}


def numbers_rounded(table):
    return [
        [cell[:8] if "." in cell or ("," in cell) else cell for cell in line.replace(";", "|").split("|")]
        for line in table.split("\r\n")
    ]


@pytest.fixture(scope="module")
def vast(engine, yards, last):
    """A farm of one animal with 60,000 windows, which is a year and nine months, and the instant before them."""
    with engine.begin() as connection:
        farm = connection.execute(
            text("INSERT INTO farm (name, time_zone) VALUES ('vast', 'Europe/Paris') RETURNING id")
        ).scalar_one()
        animal = connection.execute(
            text("INSERT INTO animal (farm_id, name) VALUES (:farm, '=cmd|calc') RETURNING id"), {"farm": farm}
        ).scalar_one()
        connection.execute(
            text(
                """INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing_ratio,
                standing, known)
                SELECT :animal, to_timestamp((:last - n) * 900), 900, 900, n % 900, (n % 900) / 900.0,
                repeat('0', 900)::bit(900), repeat('0', 900)::bit(900) FROM generate_series(0, 59999) n"""
            ),
            {"animal": animal, "last": last},
        )
        connection.execute(
            text(
                """INSERT INTO app_user_farm (user_id, farm_id, role)
                SELECT u.id, :farm, 'viewer' FROM app_user u WHERE u.name = 'nobody'"""
            ),
            {"farm": farm},
        )
    return animal, bucket_start(last - 200_000).isoformat().replace("+00:00", "Z")


def test_a_name_that_is_a_formula_is_disarmed_in_a_copy(as_user, vast, last):
    start = bucket_start(last - 3).isoformat().replace("+00:00", "Z")
    answer = as_user("nobody")(f"/v1/farms/vast/animal-windows?format=csv&from={start}&fields=animal_name")

    assert answer.text == "animal_name\r\n" + "'=cmd|calc\r\n" * 4


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("csv", "/v1/animals/{animal}/windows"),
        ("csv", "/v1/farms/vast/animal-windows"),
        ("parquet", "/v1/farms/vast/animal-windows"),
    ],
)
def test_a_long_export_is_complete(as_user, vast, kind, path):
    answer = as_user("nobody")(
        path.format(animal=vast[0]), format=kind, fields="bucket,standing_s", **{"from": vast[1]}
    )

    if kind == "csv":
        rows = [line.split(",") for line in answer.text.splitlines()[1:]]
        stood = [int(seconds) for _, seconds in rows]
    else:
        stood = pq.read_table(io.BytesIO(answer.content)).column("standing_s").to_pylist()
    assert stood == [n % 900 for n in reversed(range(60_000))]


class StuckError(Exception):
    """The client has gone."""


async def taken(app, path, token, most):
    """Take parts of an answer as a server does, up to so many; return their sizes."""
    sizes = []
    name, _, query = path.partition("?")

    async def send(message):
        if message["type"] == "http.response.body":
            sizes.append(len(message.get("body", b"")))
            if len(sizes) >= most:
                raise StuckError

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": name,
        "raw_path": name.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"authorization", token.encode()), (b"host", b"x")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }
    await app(scope, receive, send)
    return sizes


@pytest.fixture(scope="module")
def nobodys(client, vast, password):
    body = {"username": "nobody", "password": password}
    return f"Bearer {client.post('/v1/login', json=body).json()['access_token']}"


@pytest.mark.parametrize("form", ["format=csv", "format=parquet&fields=bucket,known_s"])
async def test_an_export_takes_no_more_memory_for_being_longer(app, vast, nobodys, last, form, monkeypatch):
    """Peak of what Python holds: of a third of the rows, and of all of them, in parts of a tenth of a third."""
    monkeypatch.setattr("api.forms.parquet._ROW_GROUP", 2_000)
    monkeypatch.setattr("api.forms.lists._PART", 2_000)
    monkeypatch.setattr("storage.measurements.window_files.LARGEST", 2_000)
    peaks, sizes = [], []
    for rows in (100, 8_000, 24_000):
        start = bucket_start(last - rows + 1).isoformat().replace("+00:00", "Z")
        tracemalloc.start()
        sizes.append(sum(await taken(app, f"/v1/farms/vast/animal-windows?{form}&from={start}", nobodys, 10**9)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert sizes[2] > 2 * sizes[1]
    assert peaks[2] < 1.3 * peaks[1]


async def test_nothing_is_held_between_the_parts_of_an_export(app, api_engine, vast, nobodys):
    """Neither while a client takes its time nor when it goes away."""
    path = f"/v1/farms/vast/animal-windows?format=csv&from={vast[1]}"

    with pytest.raises(StuckError), structlog.testing.capture_logs():
        await taken(app, path, nobodys, 2)

    assert api_engine.pool.checkedout() == 0
    assert threading.active_count() < 60


def test_a_list_that_has_not_changed_is_not_sent_again(client, token):
    def get_again(**headers):
        return client.get("/v1/farms/barn/animals", headers={"Authorization": token, **headers})

    first = get_again()
    tag = first.headers["ETag"]

    assert tag.startswith('W/"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        again = get_again(**{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    for known in ('"x"', "", "W/", tag[:-2], "\x7f"):
        assert get_again(**{"If-None-Match": known}).status_code == 200
    other = client.get("/v1/farms/barn/groups", headers={"Authorization": token, "If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["ETag"] != tag


def test_a_tag_lets_nobody_in(client, token):
    tag = client.get("/v1/farms/barn/animals", headers={"Authorization": token}).headers["ETag"]

    answer = client.get("/v1/farms/barn/animals", headers={"If-None-Match": tag})

    assert answer.status_code == 401
    assert "ETag" not in answer.headers


def test_instants_are_utc_if_nobody_asks(get):
    cell = get("/v1/farms/barn/animal-windows?format=csv&fields=bucket").text.splitlines()[1]

    assert datetime.fromisoformat(cell).tzinfo == UTC
    assert cell.endswith("Z")
