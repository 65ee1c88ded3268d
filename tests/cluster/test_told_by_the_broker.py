"""What a real broker says no to is told by its name, and two bridges with one name are told of each other."""

import getpass
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from animov.bridging import _TOLD_S, _unheard
from bench.broker import mosquitto_in
from ingest.broker import Broker
from ingest.mqtt.reasons import V3, V5, told
from ingest.mqtt.subscriber import subscribe
from ingest.mqtt.testing import NOW_MS, Ledger
from ingest.subscription import Subscription


def heard(port, *, tls=False, **options):
    broker = Broker("127.0.0.1", port, tls=tls, user="me", password="wrong")
    return subscribe(broker, Subscription(drain_s=0, **options), intake=Ledger(), now_ms=lambda: NOW_MS)


@pytest.mark.mosquitto
async def test_two_subscribers_with_one_name_learn_of_each_other(tmp_path, eventually):
    with mosquitto_in(tmp_path) as mosquitto, capture_logs() as logs:
        async with AsyncExitStack() as both:
            here = [await both.enter_async_context(heard(mosquitto.port, client_id="same")) for _ in range(2)]
            await eventually(lambda: any(one.statistics.taken_over for one in here))
    said = [line for line in logs if line["event"] == "subscriber.taken_over"]
    assert said
    assert all(line["log_level"] == "warning" and line["client"] == "same" for line in said)
    seen = next(one.statistics for one in here if one.statistics.taken_over)
    well = seen._replace(subscribed=True)
    broker = Broker("127.0.0.1", mosquitto.port)
    (ails,) = _unheard(well, broker, well.taken_over_at + 1)
    assert "seems to have our client id" in ails
    assert not list(_unheard(well, broker, well.taken_over_at + _TOLD_S))


@pytest.mark.mosquitto
@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_wrong_password_is_told_by_name(tmp_path, eventually, version):
    (tmp_path / "nobody").touch()
    strict = (f"password_file {tmp_path}/nobody", f"user {getpass.getuser()}")
    with mosquitto_in(tmp_path, *strict) as mosquitto, capture_logs() as logs:
        async with heard(mosquitto.port, version=version):
            await eventually(lambda: any(line["event"] == "subscriber.not_let_in" for line in logs))
    reason = next(line["reason"] for line in logs if line["event"] == "subscriber.not_let_in")
    assert reason in {told(0x87, V5), told(0x86, V5), told(5, V3)}
    assert "not authorized" in reason or "credentials" in reason


@pytest.mark.mosquitto
async def test_tls_on_a_port_without_it_is_told(tmp_path, eventually):
    with mosquitto_in(tmp_path) as mosquitto, capture_logs() as logs:
        async with heard(mosquitto.port, tls=True):
            await eventually(lambda: any(line["event"] == "subscriber.unreachable" for line in logs))
    assert "is TLS right for this port?" in next(
        line["reason"] for line in logs if line["event"] == "subscriber.unreachable"
    )
