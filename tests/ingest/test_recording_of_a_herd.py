"""The committed recording: made by the simulator, judged by an oracle that shares no code with the project."""

import gzip
import importlib.util
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from core.readings import Posture, Rejected, Samples, Span
from ingest.decoding import make_decoder
from ingest.recording import RecordingReader

TESTS = Path(__file__).parents[1]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = load(TESTS / "oracle.py")
maker = load(TESTS / "data" / "make_recording.py")


@pytest.fixture(scope="module")
def recorded():
    with RecordingReader(maker.PATH) as reader:
        return [message for message, _, _ in reader]


@pytest.fixture(scope="module")
def evidence():
    return oracle.evidence(maker.PATH, maker.HOLD_S)


def test_it_is_what_its_maker_makes_byte_for_byte(tmp_path):
    """The lines, not the gzip data: these differ between releases of zlib."""
    maker.main(tmp_path / "again.jsonl.gz")

    again = gzip.decompress((tmp_path / "again.jsonl.gz").read_bytes())
    assert again == gzip.decompress(maker.PATH.read_bytes())
    assert maker.PATH.stat().st_size < 300_000


def test_it_holds_what_it_is_there_for(recorded):
    decode = make_decoder(future_limit=timedelta(minutes=5), age_limit=None, aliases={})
    results = [decode(message) for message in recorded]
    late_ms = [
        message.received_at - result[0].reading.times[-1]
        for message, result in zip(recorded, results, strict=True)
        if not isinstance(result, Rejected) and isinstance(result[0].reading, Samples)
    ]

    assert {result.code for result in results if isinstance(result, Rejected)} == {"malformed", "out_of_range"}
    assert sum(isinstance(result, Rejected) for result in results) > 10
    assert max(Counter((message.topic, message.payload) for message in recorded).values()) == 2
    assert sum(late > 5 * maker.HOUR for late in late_ms) > 5
    assert [message.received_at for message in recorded] == sorted(message.received_at for message in recorded)


def test_the_oracle_and_the_decoder_agree_on_what_is_refused(recorded):
    decode = make_decoder(future_limit=timedelta(minutes=5), age_limit=None, aliases={})
    marked: dict[tuple[str, str], set[int]] = {}
    for message in recorded:
        result = decode(message)
        for collar, reading in [] if isinstance(result, Rejected) else result:
            if isinstance(reading, Span):
                seconds = range((reading.t0 + 499) // 1000, (reading.t1 + 499) // 1000)
                marked.setdefault((collar.collar, "device"), set()).update(seconds)
            else:
                for at in reading.times:
                    marked.setdefault((collar.collar, "leg"), set()).update(range(at // 1000, at // 1000 + 10))

    expected: dict[tuple[str, str], set[int]] = {}
    for (collar, rule, bucket), (received, _, _) in oracle.evidence(maker.PATH, maker.HOLD_S).items():
        expected.setdefault((collar, rule), set()).update(900 * bucket + second for second in received)
    assert marked == expected


def test_the_oracles_windows_lie_within_the_night_and_know_both_postures(evidence):
    windows = oracle.windows(evidence)

    assert {rule for _, rule, _ in evidence} == {"leg", "device"}
    assert {collar for collar, _ in windows} == set(maker.HOLD_S)
    assert len(windows) > 3 * 36 * 4 * 0.7
    assert all(0 <= standing <= known <= received <= 900 for received, known, standing in windows.values())
    assert any(known < received for received, known, _ in windows.values())
    assert {0, 900} <= {standing for _, known, standing in windows.values() if known == 900}


def test_the_oracles_rules_by_hand():
    """A sample of exactly 0.5 g stands; a span marks the seconds whose midpoint it holds."""
    batch = {"t0": 900_900, "hz": 2, "xyz": [[0, 0.5, 0], [0, 0.49, 0]]}
    span = {"t0": 1_500, "t1": 3_500, "posture": Posture.LYING}

    assert list(oracle.leg_marks(batch, 2)) == [(900, "standing"), (901, "standing"), (901, "lying"), (902, "lying")]
    assert list(oracle.device_marks(span, 1)) == [(1, "lying"), (2, "lying")]
