"""However the windows of many animals are cut for reading, a file has what the pages have, and a page reads little."""

import csv
import io
from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from core.timeline import bucket_start

ANIMALS = "/v1/farms/barn/animal-windows"
CUTS = [(1, 1, 256), (12, 30_000, 2), (25, 7, 256), (262_144, 30_000, 256)]


@pytest.fixture(params=CUTS, ids=str)
def cut(request, monkeypatch):
    """Rows of a block, rows that are sorted at a time, and animals that are looked at, at the most."""
    for name, size in zip(("LARGEST", "_SORTED", "MOST_ANIMALS"), request.param, strict=True):
        monkeypatch.setattr(f"storage.measurements.window_files.{name}", size)


@pytest.fixture(params=["all", "some", "one"])
def path(request, yards):
    ids = yards["barn"].animals
    return {
        "all": f"{ANIMALS}?",
        "some": f"{ANIMALS}?animal={ids['bea']}&animal={ids['cora']}&",
        "one": f"/v1/animals/{ids['bea']}/windows?",
    }[request.param]


def paged(get, path, limit):
    """The items of all pages, and the cursor of each but the first."""
    items, cursors = [], []
    answer = get(f"{path}limit={limit}").json()
    while True:
        items += answer["items"]
        if answer["next"] is None:
            return items, cursors
        cursors.append(answer["next"])
        answer = get(f"{path}limit={limit}&cursor={cursors[-1]}").json()


def comparable(value):
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def parquet(answer):
    rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    return [{name: comparable(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("begin", ["", "from=1970-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&"])
def test_a_file_has_the_items_of_the_pages(get, cut, path, begin):
    items, _ = paged(get, path + begin, 2000)

    assert len(items) >= 8
    assert parquet(get(f"{path}{begin}format=parquet")) == items
    rows = list(csv.DictReader(io.StringIO(get(f"{path}{begin}format=csv").text, newline="")))
    assert [{name: float(row[name]) for name in ("standing_ratio", "coverage")} for row in rows] == [
        {name: pytest.approx(item[name], rel=1e-6) for name in ("standing_ratio", "coverage")} for item in items
    ]
    exact = [name for name in items[0] if name not in {"standing_ratio", "coverage"}]
    assert [[row[name] for name in exact] for row in rows] == [[str(item[name]) for name in exact] for item in items]


def test_a_file_begins_where_a_page_ended(get, cut, path):
    items, cursors = paged(get, path, 5)

    for number, cursor in enumerate(cursors, 1):
        rest = items[5 * number :]
        assert parquet(get(f"{path}format=parquet&cursor={cursor}")) == rest
        assert get(f"{path}format=csv&cursor={cursor}").text.count("\r\n") == len(rest) + 1


@pytest.mark.parametrize("fields", ["bucket", "known_s", "standing_ratio,received_s"])
def test_a_file_has_the_columns_that_were_asked_for(get, cut, path, fields):
    items = [{name: item[name] for name in item if name in fields.split(",")} for item in paged(get, path, 2000)[0]]

    assert parquet(get(f"{path}format=parquet&fields={fields}")) == items


def test_names_alone_have_as_many_rows(get):
    names = [row["animal_name"] for row in parquet(get(f"{ANIMALS}?format=parquet&fields=animal_name"))]

    assert names == [item["animal_name"] for item in get(f"{ANIMALS}?limit=2000").json()["items"]]


@pytest.mark.parametrize("limit", [1, 2, 7, 200])
def test_pages_of_a_long_span_are_those_of_a_short_one(get, path, limit, last):
    """Spans without anything, before, between and behind, change nothing."""
    short = f"{path}from={at(last - 100)}&to={at(last + 1)}&"
    long = f"{path}from=1970-01-01T00:00:00Z&to=2150-01-01T00:00:00Z&"

    assert paged(get, long, limit)[0] == paged(get, short, 2000)[0]


def at(bucket):
    return bucket_start(bucket).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def scattered(engine, yards, last):
    """An animal with single windows at distances that grow, back to years ago."""
    ages = [2**power for power in range(18)]
    with engine.begin() as connection:
        query = "INSERT INTO animal (farm_id, name) VALUES (:farm, 'far') RETURNING id"
        animal = connection.execute(text(query), {"farm": yards["other"].farm_id}).scalar_one()
        query = """INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
          VALUES (:animal, :bucket, 900, 900, 900, repeat('1', 900)::bit(900), repeat('0', 900)::bit(900))"""
        buckets = [bucket_start(last - age) for age in ages]
        connection.execute(text(query), [{"animal": animal, "bucket": bucket} for bucket in buckets])
    return animal, sorted(buckets)


@pytest.mark.parametrize("limit", [1, 3, 200])
@pytest.mark.parametrize("resolution", ["15min", "hour"])
def test_windows_far_apart_are_all_found(as_user, scattered, limit, resolution):
    animal, buckets = scattered
    get, path = (
        as_user("other-viewer"),
        f"/v1/animals/{animal}/windows?resolution={resolution}&from=1975-01-01T00:00:00Z&",
    )
    begun = sorted({bucket if resolution == "15min" else bucket.replace(minute=0) for bucket in buckets})

    items, _ = paged(get, path, limit)
    assert [datetime.fromisoformat(item["bucket"]) for item in items] == begun
    rows = parquet(get(f"{path}format=parquet&fields=bucket"))
    assert [datetime.fromisoformat(row["bucket"]) for row in rows] == begun
    assert begun[-1] - begun[0] > timedelta(days=1000)
