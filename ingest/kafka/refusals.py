"""Why Kafka does not let us in, in its own words: its client says only that it could not begin."""

import ssl
from typing import Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from core.errors import AnimovError
from core.kafka_login import KafkaLogin

_REFUSALS: Final = (SaslAuthenticationFailed, UnsupportedSaslMechanismError, ssl.SSLCertVerificationError)


class RefusedByKafkaError(AnimovError):
    """Kafka answers and does not take our login, or we do not trust its certificate; waiting cures neither."""

    def __init__(self, address: str, login: KafkaLogin, error: BaseException) -> None:
        super().__init__(f"Kafka at {address} can't be worked with: {_reason(login, error)}")


class UnmakeableTopicError(AnimovError):
    """Kafka can't make the topic as it is asked for.

    Attributes:
        may_heal: Whether brokers that have not joined yet may cure it.
    """

    def __init__(self, brokers: str, name: str, copies: int, error: KafkaError) -> None:
        self.may_heal = isinstance(error, InvalidReplicationFactorError)
        asked = f"ANIMOV_KAFKA_COPIES={copies}" if self.may_heal else f"ANIMOV_KAFKA_TOPIC={name}"
        super().__init__(f"Kafka at {brokers} can't make the topic {name} with {asked}: {error}")


async def refusal(brokers: str, login: KafkaLogin) -> RefusedByKafkaError | None:
    """Return what the first of the brokers that refuses us says; `None` if none does.

    Args:
        brokers: `host:port` separated by commas.
        login: Who asks.
    """
    for host, port, _ in collect_hosts(brokers, randomize=False):
        try:
            connection = await create_conn(
                host,
                port,
                security_protocol=login.protocol,
                ssl_context=login.tls,
                sasl_mechanism=login.mechanism,
                sasl_plain_username=login.user,
                sasl_plain_password=login.password,
            )
        except _REFUSALS as error:
            return RefusedByKafkaError(f"{host}:{port}", login, error)
        except (KafkaError, OSError, TimeoutError):
            continue
        connection.close()
    return None


def _reason(login: KafkaLogin, error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted, {error.verify_message}"
    if isinstance(error, SaslAuthenticationFailed):
        return f"it refuses the name {login.user!r} or its password, by {login.mechanism}"
    return f"it does not take {login.mechanism}"
