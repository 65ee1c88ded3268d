import gzip
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.delivery import Batch
from core.readings import Message
from ingest.record import recording_intake
from ingest.recording import Recorded, RecordingError, RecordingReader, RecordingWriter

payloads = st.binary(max_size=20) | st.text(max_size=12).map(str.encode) | st.sampled_from([b"", b"\n", b'{"t":1}\r\n'])
topics = st.sampled_from(["animov/v1/f/c/samples", "a", "zi\u00e8gre/\u2028/\U0001f410", "animov/v1/f/c/status"])
recorded = st.builds(
    Recorded,
    st.builds(Message, topics, st.integers(-(2**53), 2**53), payloads),
    st.sampled_from([0, 1, 2]),
    st.booleans(),
)
names = st.sampled_from(["it.jsonl", "it.jsonl.gz"])


def write(path, messages, **header):
    path.unlink(missing_ok=True)
    with RecordingWriter(path, **header) as writer:
        for message, qos, retain in messages:
            writer.write(message, qos=qos, retain=retain)
    return path


def read(path):
    with RecordingReader(path) as reader:
        return list(reader)


def read_as_far_as_possible(path):
    messages = []
    try:
        with RecordingReader(path) as reader:
            for message in reader:
                messages.append(message)  # noqa: PERF402  # what came before the error counts
    except RecordingError as error:
        return messages, error
    return messages, None


@given(messages=st.lists(recorded, max_size=8), name=names)
def test_bytes_topics_order_times_and_flags_round_trip(tmp_path, messages, name):
    assert read(write(tmp_path / name, messages)) == messages


@settings(max_examples=20)
@given(messages=st.lists(recorded, max_size=5), name=names)
def test_equal_messages_make_equal_files(tmp_path, messages, name):
    first = write(tmp_path / name, messages).read_bytes()

    assert write(tmp_path / name, messages).read_bytes() == first


@given(messages=st.lists(recorded, min_size=1, max_size=8), name=names, data=st.data())
def test_a_file_that_was_cut_off_gives_what_it_holds_and_then_says_so(tmp_path, messages, name, data):
    path = write(tmp_path / name, messages)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])

    found, error = read_as_far_as_possible(path)

    assert found == messages[: len(found)]
    if error is None:  # a plain file that ends after a line
        assert path.suffix == ".jsonl"
        assert path.read_bytes().endswith(b"\n")
    else:
        assert error.line == (len(found) + 2 if found or error.line > 1 else 1)


def test_what_was_flushed_survives_a_gzip_file_without_an_end(tmp_path):
    messages = [Recorded(Message("a", at, b"x" * 100)) for at in range(50)]
    path = tmp_path / "it.jsonl.gz"
    writer = RecordingWriter(path)
    for message, qos, retain in messages:
        writer.write(message, qos=qos, retain=retain)
    writer.flush()

    found, error = read_as_far_as_possible(path)
    writer.close()

    assert found == messages
    assert str(error) == f"recording {path}, line 52: the file ends here, its writer was interrupted"


def test_the_header_tells_format_version_clock_and_source(tmp_path):
    path = write(tmp_path / "it.jsonl", [], clock="simulated", source="herd 7")

    assert json.loads(path.read_text()) == {
        "format": "animov-recording",
        "version": 1,
        "clock": "simulated",
        "source": "herd 7",
    }


HEADER = b'{"format":"animov-recording","version":1}\n'
GOOD = b'{"t":1,"topic":"a","qos":1,"retain":false,"payload":"x"}\n'


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        pytest.param(b"", 1, "no header", id="empty"),
        pytest.param(GOOD, 1, "no header", id="no-header"),
        pytest.param(b'{"format":"animov-recording","version":2}\n', 1, "version 2", id="later-version"),
        pytest.param(HEADER + GOOD + b"{nonsense}\n", 3, "malformed", id="no-json"),
        pytest.param(HEADER + b'{"t":1,"topic":"a","qos":1}\n', 2, "retain", id="field-missing"),
        pytest.param(HEADER + GOOD.replace(b"1", b"3", 2), 2, "qos", id="qos"),
        pytest.param(HEADER + GOOD.replace(b'"payload":"x"', b'"payload_b64":"?"'), 2, "base64", id="no-base64"),
        pytest.param(HEADER + GOOD.replace(b',"payload":"x"', b""), 2, "either", id="no-payload"),
        pytest.param(HEADER + GOOD + b"\n" + GOOD, 3, "trunc", id="empty-line"),
        pytest.param(HEADER + GOOD.replace(b"x", b"\xff"), 2, "utf", id="no-utf-8"),
    ],
)
def test_an_error_names_the_line_and_the_reason(tmp_path, content, line, reason):
    path = tmp_path / "it.jsonl"
    path.write_bytes(content)

    found, error = read_as_far_as_possible(path)

    assert error is not None
    assert error.line == line
    assert str(error).startswith(f"recording {path}, line {line}: ")
    assert re.search(reason, str(error), re.IGNORECASE)
    assert len(found) == max(line - 2, 0)


def test_damaged_gzip_data_are_an_error_of_the_recording(tmp_path):
    path = tmp_path / "it.jsonl.gz"
    path.write_bytes(gzip.compress(HEADER + GOOD)[:-8] + b"damaged!")

    found, error = read_as_far_as_possible(path)

    assert "damaged" in str(error)
    assert len(found) <= 1


def test_a_recording_is_never_overwritten(tmp_path):
    path = write(tmp_path / "it.jsonl", [])

    with pytest.raises(FileExistsError):
        RecordingWriter(path)


def test_the_tap_has_written_every_message_before_the_batch_goes_on(tmp_path):
    path = tmp_path / "it.jsonl.gz"
    passed = []

    def intake(batch):
        found, _ = read_as_far_as_possible(path)
        passed.append(([message for message, _, _ in found], batch))

    batches = [
        Batch([Message("a", 1, b"1"), Message("b", 1, b"\xff")], settle=lambda: None),
        Batch([Message("a", 2, b"2")], settle=lambda: None),
    ]
    with recording_intake(path, intake) as tapped:
        for batch in batches:
            tapped(batch)

    assert [batch for _, batch in passed] == batches
    assert [len(written) for written, _ in passed] == [2, 3]
    assert [recorded.message for recorded in read(path)] == [m for batch in batches for m in batch.messages]
