"""How a client of Kafka shows who it is, and how it judges the brokers."""

import ssl
from dataclasses import dataclass, field
from typing import Final, Literal

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaLogin:
    """What both the bridge and the workers say; it prints without its password.

    Attributes:
        tls: Judges the certificates of the brokers; `None` speaks in clear.
        user: Name for SASL; `None` says none.
        password: Of that user.
        mechanism: Of SASL.
    """

    tls: ssl.SSLContext | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: Mechanism = "SCRAM-SHA-512"

    @property
    def protocol(self) -> str:
        """Kafka's name of the protocol.

        >>> KafkaLogin().protocol, KafkaLogin(user="me", password="p").protocol
        ('PLAINTEXT', 'SASL_PLAINTEXT')
        """
        secured = "PLAINTEXT" if self.tls is None else "SSL"
        return secured if self.user is None else f"SASL_{secured}"


NOBODY: Final = KafkaLogin()
"""In clear and without a name."""
