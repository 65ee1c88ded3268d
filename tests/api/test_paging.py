"""The parts of a list, put together, are the list, whatever the size of the parts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.timeline import bucket_start

PATHS = (
    "/v1/farms",
    "/v1/farms/{farm}/groups",
    "/v1/farms/{farm}/animals",
    "/v1/farms/{farm}/collars",
    "/v1/animals/{animal}/windows",
    "/v1/groups/{group}/windows",
    "/v1/farms/{farm}/windows",
    "/v1/farms/{farm}/alerts",
    "/v1/rejected",
)


def filled(path, yard):
    return path.format(farm=yard.farm, group=yard.groups["young"], animal=yard.animals["bea"])


def all_parts(get, path, limit, **query):
    """Every part of a list; a part that is not the last is full."""
    cursor, parts = None, []
    while True:
        answer = get(path, limit=limit, **query, **({} if cursor is None else {"cursor": cursor}))
        assert answer.status_code == 200, answer.text
        parts.append(answer.json()["items"])
        cursor = answer.json()["next"]
        if cursor is None:
            return parts
        assert len(parts[-1]) == limit


@given(path=st.sampled_from(PATHS), limit=st.integers(1, 14))
@settings(max_examples=40)
def test_the_parts_of_a_list_are_the_list(yards, get, path, limit):
    path = filled(path, yards["barn"])
    whole = get(path).json()
    parts = all_parts(get, path, limit)

    assert whole["next"] is None
    assert [item for part in parts for item in part] == whole["items"]
    assert len(parts) == max(1, -(-len(whole["items"]) // limit))


@given(start=st.integers(-60, 2), length=st.integers(0, 60), limit=st.integers(1, 5), offset=st.integers(-1, 1))
@settings(max_examples=40)
def test_windows_of_a_span_are_those_that_start_in_it(yards, get, last, start, length, limit, offset):
    """Against a filter over all windows; spans begin and end on a bucket, a second before or a second after."""
    path = filled("/v1/animals/{animal}/windows", yards["barn"])
    begin, end = (bucket_start(last + at).timestamp() + offset for at in (start, start + length))
    whole = get(path).json()["items"]
    query = {"from": rfc3339(begin), "to": rfc3339(end)}

    found = [item for part in all_parts(get, path, limit, **query) for item in part]

    assert found == [item for item in whole if query["from"] <= item["bucket"] < query["to"]]


def rfc3339(seconds):
    instant = bucket_start(0).fromtimestamp(seconds, tz=bucket_start(0).tzinfo)
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_long_silence_costs_no_empty_parts(yards, get):
    query = {"from": "1970-01-01T00:00:00Z", "to": "2199-12-31T00:00:00Z"}
    path = filled("/v1/groups/{group}/windows", yards["barn"])

    parts = all_parts(get, path, 5, **query)

    assert [len(part) for part in parts] == [5, 5, 2]


@given(path=st.sampled_from(PATHS), cursor=st.text("abcXYZ09-_=", max_size=40) | st.text(max_size=20))
@settings(max_examples=60)
def test_no_other_text_is_a_cursor(yards, get, path, cursor):
    answer = get(filled(path, yards["barn"]), cursor=cursor)

    assert answer.status_code == 422, cursor
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize("path", PATHS)
def test_a_cursor_is_good_for_lists_of_its_kind_only(yards, get, path):
    for other in PATHS:
        issued = get(filled(other, yards["barn"]), limit=1).json()["next"]
        if issued is not None:
            answer = get(filled(path, yards["barn"]), cursor=issued)
            assert answer.status_code == (200 if kind(path) == kind(other) else 422), other


def test_a_span_does_not_end_before_it_begins(client, headers_of, yards, filled):
    """Of every route that asks for `from` and `to`; a span with nothing in it is no fault."""
    headers, asked = {**headers_of("root"), "Accept-Language": "fr"}, 0
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        told = {one["name"]: one["schema"] for one in methods.get("get", {}).get("parameters", ())}
        if not {"from", "to"} <= told.keys():
            continue
        asked += 1
        days = ["2026-05-01", "2026-05-02"]
        edges = days if told["from"]["format"] == "date" else [f"{day}T02:00:00+02:00" for day in days]
        where = ("/v1/farms/{farm}" if "{farm}" in path else "") + path.rpartition("{farm}")[2]
        answers = [
            client.get(filled(where, yards["barn"]), params={"from": edges[first], "to": edges[last]}, headers=headers)
            for first, last in ((1, 0), (0, 0))
        ]

        assert [answer.status_code for answer in answers] == [422, 200], path
        (fault,) = answers[0].json()["errors"]
        assert (fault["field"], fault["location"], fault["message"]) == ("to", "query", "cet instant précède `from`")
        assert not answers[1].json().get("items"), path
    assert asked > 12


def kind(path):
    return "windows" if path.endswith("windows") else "rejected" if path.endswith("rejected") else "id"


@pytest.mark.parametrize("path", PATHS)
def test_a_limit_is_stated_and_kept(yards, get, path):
    for limit in ("0", "2001", "-1", "ten", ""):
        answer = get(filled(path, yards["barn"]), limit=limit)
        assert answer.status_code == 422, limit
        assert answer.json()["errors"][0]["field"] == "limit"
