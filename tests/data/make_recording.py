"""Make the recording that the default tests replay: `python tests/data/make_recording.py` writes it anew.

Three goats for 36 hours around the night of 25 to 26 October 2025, when clocks in Europe/Paris go back:
`leg-01` sends acceleration each 10 s (`hold_s` 10), `leg-02` the same, and for the second half its own
posture too, `leg-03` posture only. On the way there are outages, messages that a tag uploads six hours late,
duplicates, messages cut in half, clocks that are wrong, and some that were never right.
"""

import sys
from collections.abc import Iterator
from heapq import merge
from itertools import count
from pathlib import Path

from core.readings import CollarName, Message, Posture
from ingest.decoding import event_payload, posture_payload, samples_payload, topic_of
from ingest.recording import RecordingWriter
from ingest.simulation.due import Due
from ingest.simulation.herd import Herd
from ingest.simulation.messages import posture_messages, sample_messages
from ingest.simulation.settings import Faults, Group, HerdSettings

PATH = Path(__file__).parent / "dst_night.jsonl.gz"
START = 1_761_386_400_000  # 2025-10-25 12:00 in Paris
HOUR = 3_600_000
END = START + 36 * HOUR
HOLD_S = {"leg-01": 10, "leg-02": 10, "leg-03": 10}

FAULTS = Faults(
    radio_per_day=0.95, radio_min=90, upload_h=6, battery_per_day=0.3, battery_h=2, duplicated=0.06, corrupted=0.01
)
HERD = Herd(HerdSettings(farm="f", seed=11, groups=(Group("all", 3, "leg"),), faults=FAULTS))


def main(path: Path = PATH) -> None:
    """Write the recording."""
    path.unlink(missing_ok=True)
    with RecordingWriter(path, clock="simulated", source="tests/data/make_recording.py") as writer:
        for due in merge(_samples(), _postures(), _oddities()):
            writer.write(Message(due.topic, due.due_ms, due.payload))


def _samples() -> Iterator[Due]:
    for due in sample_messages(HERD, START, END, hz=0.1, batch_s=300):
        if "leg-03" not in due.topic:
            yield due


def _postures() -> Iterator[Due]:
    for due in posture_messages(HERD, START, END, upload_h=4):
        if "leg-03" in due.topic or ("leg-02" in due.topic and due.due_ms > START + 18 * HOUR):
            yield due


def _oddities() -> Iterator[Due]:
    """Yield single events, an interrupted second, an unknown posture, and what no decoder may take."""
    samples, posture = (topic_of(CollarName("f", "leg-01"), kind) for kind in ("samples", "posture"))
    late = topic_of(CollarName("f", "leg-03"), "posture")
    at = START + 2 * HOUR
    xyz = [[0.0, 1.0, 0.0], [0.9, 0.1, 0.0]]
    odd = [
        (samples, event_payload(0.1, 0.5, 0.0, t=at - 3 * HOUR)),
        (samples, event_payload(0.1, 0.499, 0.0, t=at - 3 * HOUR + 999)),
        (samples, samples_payload([[1, 980, 2], [3, 490, 4]], t0=at - 4 * HOUR, dt_ms=[0, 203], unit="mg")),
        (late, posture_payload(START - HOUR - 60_500, START - HOUR - 1, Posture.UNKNOWN)),
        (late, posture_payload(at - 30 * 24 * HOUR, at - 30 * 24 * HOUR + 1_800_000, Posture.LYING)),
        (samples, b"no payload at all"),
        (samples, b'{"t0": 1761386400000, "xyz": [[0, 1, 0]]}'),
        (samples, samples_payload(xyz, t0=at, dt_ms=[0])),
        (posture, b'{"t0": 1761386400000, "t1": 1761386460000, "posture": "sitting"}'),
        (posture, posture_payload(at, at, Posture.STANDING)),
        (posture, b"\xff\xfe\x00"),
        (samples, b""),
    ]
    return (Due(at + 1000 * number, topic, payload) for number, (topic, payload) in zip(count(), odd, strict=False))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
