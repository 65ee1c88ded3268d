"""A Kafka that wants TLS and a password: the bridge and the workers have both, and others are not let in."""

import asyncio
import os
import ssl
import subprocess
import sys

import pytest

from animov.bridging import topic_of
from bench.kafka import kafka_in
from core.delivery import Batch
from core.errors import SettingsError, UnavailableError
from core.kafka_login import NOBODY, KafkaLogin
from core.readings import Message
from core.settings import Settings
from ingest.kafka.bridge import bridging
from ingest.kafka.refusals import RefusedByKafkaError
from ingest.kafka.topic import Topic, ensure
from stream.cluster.group import Membership
from stream.cluster.worker import working
from stream.runner import FlushCounts

USERS = ["SCRAM-SHA-512=[name=animov,password=salted]"]


def secured(certificate, key):
    """Properties of a broker that takes clients by TLS with a name and a password, by either mechanism."""
    module = "org.apache.kafka.common.security.{}LoginModule"
    chain, secret = (path.read_text().strip().replace("\n", "\\n") for path in (certificate, key))
    plain, salted = module.format("plain.Plain"), module.format("scram.Scram")
    return (
        "listeners=SASL_SSL://localhost:{broker},PLAINTEXT://127.0.0.1:{spare},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners=SASL_SSL://localhost:{broker},PLAINTEXT://127.0.0.1:{spare}",
        "listener.security.protocol.map=SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
        f'listener.name.sasl_ssl.plain.sasl.jaas.config={plain} required user_animov="secret";',
        f"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={salted} required;",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.certificate.chain={chain}",
        f"ssl.keystore.key={secret}",
    )


class Heard:
    """A runner that keeps messages and commits nothing."""

    def __init__(self):
        self.counts, self.messages = FlushCounts(), []

    def intake(self, batch):
        self.messages += batch.messages
        batch.settle()

    async def drained(self):
        pass


async def carried(address, login, topic_name, eventually):
    """What a worker reads of what a bridge brings, both by one login."""
    message = Message(f"animov/v1/barn/{login.mechanism}/samples", 1, b"{}")
    topic = Topic(address, f"{topic_name}-{login.mechanism}", 1, 1, 4096, login)
    async with bridging(topic, refuse=pytest.fail) as bridge:
        bridge.intake(Batch([message], lambda: None))
        await eventually(lambda: bridge.counts.messages)
    heard = Heard()
    member = Membership(brokers=address, topic=topic.name, group=topic.name, session_s=6, login=login)
    async with working(member, heard):
        await eventually(lambda: heard.messages)
    return heard.messages == [message]


def ends(address, database_url, certificate, *words):
    """How a process of ours ends that knows a wrong password, and what it says."""
    login = {"kafka_ca": certificate, "kafka_user": "animov", "kafka_password": "wrong"}
    told = {"kafka_brokers": address, "database_url": database_url, **login}
    settings = {f"ANIMOV_{name.upper()}": str(value) for name, value in told.items()}
    argv = [sys.executable, "-m", "animov", *words]
    return subprocess.run(argv, env={**os.environ, **settings}, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.kafka
async def test_who_has_the_password_brings_and_reads_and_others_are_told_why_they_are_not_let_in(
    certificate, tmp_path, topic_name, eventually, database_url
):
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    refused = {
        KafkaLogin(ssl.create_default_context(), "animov", "secret", "PLAIN"): "its certificate is not trusted",
        KafkaLogin(trusting, "animov", "salted", "PLAIN"): "the name 'animov' or its password, by PLAIN",
        KafkaLogin(trusting, "animov", "secret"): "the name 'animov' or its password, by SCRAM-SHA-512",
        KafkaLogin(trusting, "nobody", "salted"): "the name 'nobody' or its password, by SCRAM-SHA-512",
        KafkaLogin(trusting, "animov", "salted", "SCRAM-SHA-256"): "it does not take SCRAM-SHA-256",
    }
    with kafka_in(tmp_path / "kafka", *secured(*certificate), users=USERS) as kafka:
        address = f"localhost:{kafka.port}"
        for login, why in refused.items():
            with pytest.raises(RefusedByKafkaError, match=why):
                await asyncio.wait_for(ensure(Topic(address, topic_name, 1, 1, 4096, login)), 60)
        for silent in (NOBODY, KafkaLogin(None, "animov", "secret", "PLAIN")):  # what speaks no TLS hears nothing
            with pytest.raises(UnavailableError, match="can't be worked with"):
                await asyncio.wait_for(ensure(Topic(address, topic_name, 1, 1, 4096, silent)), 60)
        for login in (KafkaLogin(trusting, "animov", "secret", "PLAIN"), KafkaLogin(trusting, "animov", "salted")):
            assert await carried(address, login, topic_name, eventually)

        for words in (("stream",), ("ingest", "--to", "kafka", "--mqtt-port", "0")):
            ended = await asyncio.to_thread(ends, address, database_url, certificate[0], *words)
            assert ended.returncode == 1
            (said,) = [line for line in ended.stderr.splitlines() if line.startswith("animov: ")]
            assert said.startswith(f"animov: Kafka at {address} can't be worked with: it refuses the name 'animov' or ")
            assert "Traceback" not in ended.stderr


def test_settings_name_a_whole_login(certificate):
    told = {"kafka_brokers": "kafka:9092", "kafka_user": "me", "kafka_password": "secret"}
    login = topic_of(Settings(**told, kafka_ca=certificate[0])).login
    assert (login.user, login.password, login.mechanism, login.protocol) == (
        "me",
        "secret",
        "SCRAM-SHA-512",
        "SASL_SSL",
    )
    assert "secret" not in repr(login)
    assert topic_of(Settings(**told)).login.protocol == "SASL_PLAINTEXT"
    assert topic_of(Settings(kafka_brokers="kafka:9092", kafka_tls=True)).login.protocol == "SSL"
    assert topic_of(Settings(kafka_brokers="kafka:9092")).login.protocol == "PLAINTEXT"


@pytest.mark.parametrize(
    "half", [{"kafka_user": "me"}, {"kafka_password": "secret"}, {"kafka_ca": "/nowhere/authorities.pem"}]
)
def test_half_a_login_is_refused(half):
    with pytest.raises(SettingsError, match="ANIMOV_KAFKA_"):
        topic_of(Settings(kafka_brokers="kafka:9092", **half))


@pytest.mark.parametrize(
    "brokers", ["127.0.0.1:abc", "127.0.0.1:70000", "kafka:0", "kafka:9092,", ":9092", "kafka://kafka:9092", "a b/c:1"]
)
def test_what_is_no_address_of_kafka_is_refused(brokers):
    with pytest.raises(SettingsError, match="ANIMOV_KAFKA_BROKERS is"):
        topic_of(Settings(kafka_brokers=brokers))


@pytest.mark.parametrize("brokers", ["kafka", "kafka:9092", "one:9092, two:9093", "[::1]:9092"])
def test_addresses_of_kafka_are_taken_as_they_are(brokers):
    assert topic_of(Settings(kafka_brokers=brokers)).brokers == brokers
