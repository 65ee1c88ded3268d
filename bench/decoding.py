"""Cost of decoding one message, beside that of the codec alone: `python -m bench.decoding`.

CPU time, least of 60 rounds, the two in turns: on a busy machine the ratio says more than the microseconds.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from timeit import timeit

import msgspec

from core.readings import Message
from ingest.decoding import event_payload, make_decoder, samples_payload
from ingest.decoding.samples import SamplesPayload

NOW = 1_750_000_000_000
ROUNDS = 60
CALLS = 1000

ROWS = [[0.048, 1.032, -0.063], [0.188, 1.0, 0.016]] * 12 + [[0.1, 0.9, 0.2]]
PAYLOADS = {
    "single event": event_payload(0.048, 1.032, 0.063, t=NOW, seq=123),
    "single event, MessagePack": event_payload(0.048, 1.032, 0.063, t=NOW, seq=123, form="msgpack"),
    "single event, RFC 3339": event_payload(0.048, 1.032, 0.063, t="2025-06-15T15:06:40.000Z", seq=123),
    "25 samples, 10 Hz": samples_payload(ROWS, t0=NOW, hz=10, seq=7),
    "25 samples, 10 Hz, MessagePack": samples_payload(ROWS, t0=NOW, hz=10, seq=7, form="msgpack"),
    "25 samples, dt_ms": samples_payload(ROWS, t0=NOW, dt_ms=[203 * index for index in range(25)], seq=7),
    "25 samples in mg": samples_payload(
        [[1000 * value for value in row] for row in ROWS], t0=NOW, hz=10, unit="mg", seq=7
    ),
}


def least(*works: Callable[[], object]) -> list[float]:
    """Return the least CPU microseconds of one call of each work, measured in turns."""
    rounds = [[timeit(work, number=CALLS, timer=time.process_time) for work in works] for _ in range(ROUNDS)]
    return [min(times) / CALLS * 1e6 for times in zip(*rounds, strict=True)]


def main() -> None:
    """Print a line for each payload."""
    decode = make_decoder(future_limit=timedelta(minutes=5), age_limit=None, aliases={})
    for name, payload in PAYLOADS.items():
        message = Message("animov/v1/farm/goat-01/samples", NOW, payload)
        codec = msgspec.json if payload.startswith(b"{") else msgspec.msgpack
        typed = codec.Decoder(SamplesPayload).decode
        whole, alone = least(partial(decode, message), partial(typed, payload))
        print(f"{name:32} {len(payload):4} B  {whole:6.2f} us  codec alone {alone:5.2f} us  ratio {whole / alone:4.2f}")


if __name__ == "__main__":
    main()
