"""Children of a supervisor are kept alive, ended in order, and never outlive it."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animov.lifeline import parse_ready
from animov.supervisor import Child, Supervisor, until_signal
from bench.waiting import wait_until
from core.backoff import LONGEST_S, SHORTEST_S, next_delay
from core.errors import NotFoundError, UnavailableError

ROOT = Path(__file__).parents[2]
FOREVER = "import threading; threading.Event().wait()"
PARENT = (
    "import os, subprocess; from animov import lifeline\n"
    "lifeline.say_ready(pid=os.getpid(), grandchild=subprocess.Popen(['sleep', '600']).pid)"
)
READY = "from animov import lifeline; lifeline.watch(); lifeline.say_ready(pid=__import__('os').getpid())"


def python(name: str, *lines: str, **options: object) -> Child:
    return Child(name=name, argv=(sys.executable, "-c", "\n".join(lines)), **options)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_what_a_child_says_when_it_is_ready_comes_back_whole() -> None:
    said = "from animov import lifeline; print('hello'); lifeline.say_ready(port=1883, data='/a b/it\\'s')"
    with Supervisor() as supervisor:
        supervisor.start(python("edge", said, FOREVER))

        assert supervisor.await_ready("edge", 30) == {"port": "1883", "data": "/a b/it's"}


@given(st.text("ab =\"'\n\\", max_size=12))
def test_only_a_ready_line_is_one_and_no_text_breaks_the_reader(text: str) -> None:
    assert parse_ready(f"already {text}") is None
    assert parse_ready(f"ready {text}") is None or isinstance(parse_ready(f"ready {text}"), dict)


def test_a_child_that_dies_is_started_again_and_is_ready_again() -> None:
    with Supervisor() as supervisor:
        supervisor.start(python("edge", READY, FOREVER))
        seen = []
        for _ in range(3):
            wait_until(lambda: supervisor.pid("edge") not in {None, *seen})
            pid = int(supervisor.await_ready("edge", 30)["pid"])
            seen.append(pid)
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: supervisor.pid("edge") not in {None, *seen})

    assert len(set(seen)) == 3
    assert not [pid for pid in seen if alive(pid)]


def test_a_child_that_ends_before_it_is_ready_is_told_at_once_and_one_that_is_silent_in_time() -> None:
    with Supervisor() as supervisor:
        supervisor.start(python("refusing", "raise SystemExit(3)"))
        supervisor.start(python("silent", FOREVER))
        supervisor.start(Child(name="missing", argv=("/nowhere/at/all",)))

        with pytest.raises(UnavailableError, match=r"refusing did not start \(exit code 3\)"):
            supervisor.await_ready("refusing", 60)
        with pytest.raises(UnavailableError, match=r"missing did not start \(.*No such file"):
            supervisor.await_ready("missing", 60)
        with pytest.raises(UnavailableError, match=r"silent was not ready after 0\.2 s"):
            supervisor.await_ready("silent", 0.2)
        with pytest.raises(NotFoundError):
            supervisor.await_ready("unknown", 1)


def test_children_end_in_the_reverse_order_of_their_start(tmp_path: Path) -> None:
    note = (
        "import signal, sys, threading\n"
        "def end(*_):\n    open(sys.argv[1], 'a').write(sys.argv[2] + ' '); raise SystemExit\n"
        "signal.signal(signal.SIGTERM, end)"
    )
    names = ["api", "forecast", "edge"]
    with Supervisor() as supervisor:
        for name in names:
            child = python(name, note, READY, FOREVER)
            supervisor.start(Child(name=name, argv=(*child.argv, str(tmp_path / "order"), name)))
            supervisor.await_ready(name, 30)
        supervisor.stop("forecast")

    assert (tmp_path / "order").read_text().split() == ["forecast", "edge", "api"]


def test_a_child_that_does_not_listen_is_killed_with_all_it_has_started() -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    with Supervisor() as supervisor:
        supervisor.start(python("deaf", deaf, PARENT, FOREVER, patience_s=0.2))
        facts = supervisor.await_ready("deaf", 30)
        assert alive(int(facts["grandchild"]))

    wait_until(lambda: not alive(int(facts["pid"])) and not alive(int(facts["grandchild"])))


def test_what_a_dead_child_had_started_ends_before_the_next_life() -> None:
    with Supervisor() as supervisor:
        supervisor.start(python("edge", PARENT, FOREVER))
        grandchild = int(supervisor.await_ready("edge", 30)["grandchild"])
        os.kill(supervisor.pid("edge"), signal.SIGKILL)
        wait_until(lambda: not alive(grandchild))


def test_environment_and_priority_are_the_childs_own() -> None:
    said = "import os; from animov import lifeline; lifeline.say_ready(threads=os.environ['OMP_NUM_THREADS'])"
    with Supervisor() as supervisor:
        supervisor.start(python("forecast", said, FOREVER, env={"OMP_NUM_THREADS": "1"}, niceness=5))

        assert supervisor.await_ready("forecast", 30) == {"threads": "1"}
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, supervisor.pid("forecast")) == min(own + 5, 19)


UP = textwrap.dedent(
    """
    import sys
    from animov.lifeline import say_ready
    from animov.supervisor import Child, Supervisor, until_signal
    from core.logs import configure_logging
    configure_logging()  # as the node does: standard output is for `ready` lines alone
    with until_signal() as ending, Supervisor(ending) as supervisor:
        for name in ("one", "two"):
            supervisor.start(Child(name=name, argv=(sys.executable, "-c", sys.argv[1])))
        if sys.argv[2] == "ready":
            say_ready(**{name: supervisor.await_ready(name, 60)["pid"] for name in ("one", "two")})
        else:
            say_ready()
            supervisor.await_ready("one", 60)
        ending.wait()
    """
)


def up(child: str, how: str = "ready") -> tuple[subprocess.Popen[str], dict[str, str]]:
    process = subprocess.Popen([sys.executable, "-c", UP, child, how], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if (facts := parse_ready(line)) is not None:
            return process, facts
    with process:
        pytest.fail(f"the supervisor ended early, with code {process.wait(60)}")


def ended(process: subprocess.Popen[str]) -> int:
    with process:
        return process.wait(60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_supervisor_in_order_with_code_0(number: signal.Signals) -> None:
    process, pids = up(f"{READY}\n{FOREVER}")
    process.send_signal(number)

    assert ended(process) == 0
    assert not [pid for pid in pids.values() if alive(int(pid))]


def test_a_signal_while_a_child_is_waited_for_ends_the_supervisor_too() -> None:
    process, _ = up(FOREVER, "silent")
    process.send_signal(signal.SIGTERM)

    assert ended(process) == 0


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(FOREVER, id="idle"),
        pytest.param("while True: pass", id="busy"),
        pytest.param(
            "import signal\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n" + FOREVER, id="ignoring-signals"
        ),
    ],
)
def test_children_end_when_their_supervisor_is_killed(work: str) -> None:
    process, pids = up(f"{READY}\n{work}")
    process.kill()

    assert ended(process) == -signal.SIGKILL
    wait_until(lambda: not [pid for pid in pids.values() if alive(int(pid))])


def test_the_lifeline_alone_ends_a_child_where_the_kernel_does_not_help() -> None:
    code = f"import ctypes; from animov import lifeline; lifeline._end_with_parent = lambda: None; {READY}"
    process, pids = up(f"{code}\n{FOREVER}")
    process.kill()

    assert ended(process) == -signal.SIGKILL
    wait_until(lambda: not [pid for pid in pids.values() if alive(int(pid))])


def test_a_process_without_a_supervisor_is_not_touched_by_watching() -> None:
    script = "from animov import lifeline; lifeline.watch(); print('alive')"
    done = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )

    assert done.stdout == "alive\n"


def test_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with until_signal() as ending:
        os.kill(os.getpid(), signal.SIGTERM)
        assert ending.wait(30)

    assert signal.getsignal(signal.SIGTERM) == before
    assert "signals" not in {thread.name for thread in threading.enumerate()}


@given(st.lists(st.sampled_from([0.0, 1.0, 29.9, 30.0, 100.0]), max_size=12))
def test_waits_double_up_to_the_longest_and_start_afresh_after_a_healthy_life(lives: list[float]) -> None:
    delay, short_lives = None, 0
    for lived in lives:
        delay = next_delay(delay, lived)
        short_lives = 1 if lived >= 30 else short_lives + 1
        expected = min(SHORTEST_S * 2 ** (short_lives - 1), LONGEST_S)

        assert delay == pytest.approx(expected)
