"""A view is what the windows and the forecast of a group or a herd say, in one answer."""

from datetime import timedelta

import pytest

from core.timeline import BUCKET, bucket_start

SUBJECTS = ("/v1/groups/{group}", "/v1/farms/{farm}")


@pytest.fixture(scope="module", params=SUBJECTS)
def of(request, yards, filled):
    return filled(request.param, yards["barn"])


@pytest.fixture(scope="module")
def headers(key_of, yards):
    return key_of(yards["barn"], "read")


def asked(client, headers, path, **query):
    answer = client.get(path, params=query, headers=headers)

    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_view_is_the_windows_and_the_forecast_of_now(client, headers, of):
    view = asked(client, headers, f"{of}/view")

    assert view["windows"] == asked(client, headers, f"{of}/windows")["items"] != []
    assert view["forecast"] == asked(client, headers, f"{of}/forecast")


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize("hours", [1, 168])
@pytest.mark.parametrize("back", [0, 3, 3.5, 4, 6])
def test_a_view_of_an_instant_is_what_windows_and_forecast_were_until_then(client, headers, of, last, back, hours, tz):
    at = bucket_start(last) - back * BUCKET
    span = {"from": (at - timedelta(hours=hours)).isoformat(), "to": at.isoformat(), "limit": 2000}
    issued = client.get(f"{of}/forecast", params={"issued_at": at.isoformat(), "tz": tz}, headers=headers)

    view = asked(client, headers, f"{of}/view", at=at.isoformat(), hours=hours, tz=tz)

    assert view["windows"] == asked(client, headers, f"{of}/windows", tz=tz, **span)["items"]
    assert view["forecast"] == (issued.json() if back <= 4 else None)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_view_reaches_as_far_as_times_do(client, headers, of, at):
    assert asked(client, headers, f"{of}/view", at=at, hours=168)["windows"] == []


def test_a_view_that_did_not_change_is_not_sent_again(client, headers, of):
    tag = client.get(f"{of}/view", headers=headers).headers["ETag"]

    again = client.get(f"{of}/view", headers={**headers, "If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("query", ["hours=0", "hours=169", "at=yesterday", "limit=5"])
def test_what_a_view_does_not_know_is_refused(client, headers, of, query):
    assert client.get(f"{of}/view?{query}", headers=headers).status_code == 422


def test_a_view_shows_nothing_to_nobody(client, of):
    assert client.get(f"{of}/view").status_code == 401
    assert client.get(f"{of}/view", headers={"X-API-Key": "anv_none"}).status_code == 401


def test_a_view_of_another_farm_is_not_there(client, headers, yards, filled):
    for subject in SUBJECTS:
        assert client.get(f"{filled(subject, yards['other'])}/view", headers=headers).status_code == 404
