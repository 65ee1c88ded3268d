"""Recording at a real broker: what was published is in the file, and a refusal has a reason."""

import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from animov.ports import free_port
from bench.waiting import answers, wait_until
from core.readings import Message
from ingest.client import RefusedByBrokerError
from ingest.publisher import Publisher
from ingest.record import record
from ingest.recording import RecordingReader

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def mosquitto(tmp_path):
    """Start a broker; `start(anonymous)` gives its port."""
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    assert program, "the mark skips or fails this test where mosquitto is absent"
    started = []

    def start(*, anonymous=True):
        port = free_port("127.0.0.1")
        configuration = tmp_path / "mosquitto.conf"
        configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous {str(anonymous).lower()}\n")
        broker = subprocess.Popen([program, "-c", configuration], stderr=subprocess.DEVNULL)
        started.append(broker)
        wait_until(lambda: answers(port) or broker.poll() is not None)
        assert broker.poll() is None
        return port

    yield start
    for broker in started:
        broker.terminate()
        broker.wait()


def test_every_message_is_recorded_with_its_bytes_qos_and_time(mosquitto, tmp_path):
    url, path = f"mqtt://127.0.0.1:{mosquitto()}", tmp_path / "it.jsonl.gz"
    stop, ready, enough = threading.Event(), threading.Event(), threading.Event()
    payloads = [b"%d" % number for number in range(200)] + [b"\xff\x00", b""]

    with ThreadPoolExecutor() as pool:
        recording = pool.submit(
            record,
            url,
            path,
            stop=stop,
            now_ms=lambda: 4711,
            topics=["animov/#"],
            subscribed=ready.set,
            progress=lambda count: enough.set() if count == len(payloads) else None,
        )
        assert ready.wait(30)
        with Publisher(url, "herd") as publisher:
            for payload in payloads:
                publisher.publish("animov/v1/f/c/samples", payload)
            publisher.drain(30)
        assert enough.wait(30)
        stop.set()

        assert recording.result() == len(payloads)
    with RecordingReader(path) as reader:
        assert reader.header.source == url
        found = list(reader)
    assert [recorded.message for recorded in found] == [
        Message("animov/v1/f/c/samples", 4711, payload) for payload in payloads
    ]
    assert {(recorded.qos, recorded.retain) for recorded in found} == {(1, False)}


def test_a_refusal_is_an_error_with_the_brokers_reason(mosquitto, tmp_path):
    url = f"mqtt://127.0.0.1:{mosquitto(anonymous=False)}"

    with pytest.raises(RefusedByBrokerError, match="Not authorized"):
        record(url, tmp_path / "it.jsonl", stop=threading.Event(), now_ms=lambda: 0)
