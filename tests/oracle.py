"""What a recording must come to, said as simply as possible: one second after the other, standard library only.

Evidence is `{(collar, rule, bucket): (received, standing, lying)}`, three sets of the seconds 0 to 899 of a bucket
of 15 minutes counted from 1970; the rules are `leg` and `device`. A window is
`{(collar, bucket): (received_s, known_s, standing_s)}`, for animals that wear one collar for ever.
"""

import gzip
import json
from pathlib import Path

G_PER_UNIT = {"g": 1, "mg": 1 / 1000}


def messages(path: Path) -> list[tuple[str, str]]:
    """Read topic and payload of every message whose payload is text."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    return [(line["topic"], line["payload"]) for line in map(json.loads, lines) if "payload" in line]


def evidence(path: Path, hold_s: dict[str, int]) -> dict[tuple[str, str, int], tuple[set[int], set[int], set[int]]]:
    """Say of every collar, rule and bucket which seconds were received, stood and lay; `hold_s` by collar."""
    found: dict[tuple[str, str, int], tuple[set[int], set[int], set[int]]] = {}
    for topic, payload in messages(path):
        collar, kind = topic.split("/")[-2:]
        try:
            marks = list((leg_marks if kind == "samples" else device_marks)(json.loads(payload), hold_s[collar]))
        except (KeyError, TypeError, ValueError):
            continue  # malformed: refused as a whole
        for second, posture in marks:
            key = collar, "leg" if kind == "samples" else "device", second // 900
            received, standing, lying = found.setdefault(key, (set(), set(), set()))
            received.add(second % 900)
            if posture == "standing":
                standing.add(second % 900)
            if posture == "lying":
                lying.add(second % 900)
    return found


def leg_marks(batch: dict, hold_s: int):
    """Mark each second from a sample on for as long as it holds; below 0.5 g up is lying."""
    if "xyz" not in batch:
        batch = {"t0": batch["t"], "dt_ms": [0], "xyz": [[batch["x"], batch["y"], batch["z"]]]}
    factor = G_PER_UNIT[batch.get("unit", "g")]
    offsets = batch.get("dt_ms") or [round(1000 * i / batch["hz"]) for i in range(len(batch["xyz"]))]
    for offset, (_, up, _) in zip(offsets, batch["xyz"], strict=True):
        for held in range(hold_s):
            yield (batch["t0"] + offset) // 1000 + held, "lying" if up * factor < 0.5 else "standing"


def device_marks(span: dict, _hold_s: int):
    """Mark each second whose midpoint lies in the span."""
    if span["posture"] not in {"standing", "lying", "unknown"} or span["t0"] >= span["t1"]:
        raise ValueError(span)
    for second in range(span["t0"] // 1000 - 1, span["t1"] // 1000 + 2):
        if span["t0"] <= 1000 * second + 500 < span["t1"]:
            yield second, span["posture"]


def windows(found: dict) -> dict[tuple[str, int], tuple[int, int, int]]:
    """Count per collar and bucket: the device is believed before the leg, and standing before lying."""
    nothing: tuple[set[int], set[int], set[int]] = (set(), set(), set())
    counted = {}
    for collar, bucket in {(collar, bucket) for collar, _, bucket in found}:
        stands = {}
        for rule in ("leg", "device"):  # the later one has the last word
            _, standing, lying = found.get((collar, rule, bucket), nothing)
            for second in standing | lying:
                stands[second] = second in standing
        received = [found.get((collar, rule, bucket), nothing)[0] for rule in ("leg", "device")]
        counted[collar, bucket] = (len(received[0] | received[1]), len(stands), sum(stands.values()))
    return counted
