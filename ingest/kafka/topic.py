"""The topic of readings: made where it is missing, and asked for what it has where it is there."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    InvalidTopicError,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)

from core.backoff import next_delay
from core.errors import UnavailableError
from core.kafka_login import NOBODY, KafkaLogin
from core.logs import get_logger
from ingest.kafka.refusals import UnmakeableTopicError, refusal

log = get_logger(__name__)

FRAME_BYTES: Final = 131_072
"""Room in the largest batch of records beside one payload: its MQTT topic (65,535 bytes at most), headers, framing."""

LEAST_BYTES: Final = 1_048_576
"""What a topic that is made here takes at least, so that packs of small messages fit as they are meant to."""

JOIN_S: Final = 30.0
"""For how long brokers may still join that hold the copies of a topic, in seconds."""

_HINT_S: Final = 60.0
_HINT: Final = "are these Kafka's addresses, and is TLS, on or off, as its listener there has it?"


@dataclass(frozen=True, slots=True)
class Topic:
    """Where the records go.

    Attributes:
        brokers: Some of the cluster's, `host:port` separated by commas.
        name: Of the topic.
        partitions: What it is to have where it is made.
        copies: Brokers that hold each partition, where it is made.
        payload_bytes: Largest payload that it is to take, where it is made.
        login: Who asks.
    """

    brokers: str
    name: str
    partitions: int
    copies: int
    payload_bytes: int
    login: KafkaLogin = NOBODY


def clients_of(topic: Topic) -> dict[str, Any]:
    """Return what every client of aiokafka is told, so that it reaches the brokers of a topic."""
    login = topic.login
    told = {"bootstrap_servers": topic.brokers, "security_protocol": login.protocol, "ssl_context": login.tls}
    if login.user is None:
        return told
    return told | {
        "sasl_mechanism": login.mechanism,
        "sasl_plain_username": login.user,
        "sasl_plain_password": login.password,
    }


class Found(NamedTuple):
    """What a topic has: its partitions, and the bytes of the largest batch of records that it takes."""

    partitions: int
    batch_bytes: int


async def ensure(topic: Topic) -> Found:
    """Make the topic if it is missing, and tell what it has.

    Raises:
        RefusedByKafkaError: Kafka does not let us in.
        UnavailableError: it does not answer, or can't do it.
        UnmakeableTopicError: it never will, as it is now.
    """
    admin = AIOKafkaAdminClient(**clients_of(topic))
    try:
        await admin.start()
        await _make(admin, topic)
        return Found(await _partitions(admin, topic.name), await _batch_bytes(admin, topic.name))
    except (InvalidTopicError, InvalidReplicationFactorError) as error:
        raise UnmakeableTopicError(topic.brokers, topic.name, topic.copies, error) from error
    except (KafkaError, OSError) as error:
        refused = await refusal(topic.brokers, topic.login)
        if refused is not None:
            raise refused from error
        raise UnavailableError(f"Kafka at {topic.brokers} can't be worked with: {error}") from error
    finally:
        with suppress(KafkaError):
            await admin.close()


async def ensured(topic: Topic) -> Found:
    """Do the same, and wait for Kafka until it answers.

    Raises:
        RefusedByKafkaError: it does not let us in.
        UnmakeableTopicError: it can't make the topic, also when brokers had the time to join.
    """
    now = asyncio.get_running_loop().time
    began, delay_s, hinted_at = now(), None, None
    while True:
        try:
            return await ensure(topic)
        except (UnavailableError, UnmakeableTopicError) as error:
            if isinstance(error, UnmakeableTopicError) and not (error.may_heal and now() - began < JOIN_S):
                raise
            delay_s = next_delay(delay_s, 0)
            log.warning("kafka.unavailable", reason=str(error), again_in_s=delay_s)
            if hinted_at is None or now() - hinted_at >= _HINT_S:
                hinted_at = now()
                log.warning("kafka.is_it_there", brokers=topic.brokers, tls=topic.login.tls is not None, hint=_HINT)
            await asyncio.sleep(delay_s)


async def _make(admin: AIOKafkaAdminClient, topic: Topic) -> None:
    if topic.name in await admin.list_topics():
        return
    # with one copy fewer than there are, a broker may be away
    limits = {
        "max.message.bytes": str(max(topic.payload_bytes, LEAST_BYTES) + FRAME_BYTES),
        "min.insync.replicas": str(max(1, topic.copies - 1)),
    }
    answer = await admin.create_topics([NewTopic(topic.name, topic.partitions, topic.copies, topic_configs=limits)])
    for _, code, *said in answer.topic_errors:
        if code not in {0, TopicAlreadyExistsError.errno}:  # another process was quicker
            raise for_code(code)(": ".join(text for text in said if text))


async def _partitions(admin: AIOKafkaAdminClient, name: str) -> int:
    (described,) = await admin.describe_topics([name])
    if described["error_code"]:
        raise for_code(described["error_code"])(name)
    return len(described["partitions"])


async def _batch_bytes(admin: AIOKafkaAdminClient, name: str) -> int:
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    ((code, said, _, _, entries),) = answer.resources
    if code:
        raise for_code(code)(said)
    return next(int(value) for key, value, *_ in entries if key == "max.message.bytes")
