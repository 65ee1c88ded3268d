"""Topics: who speaks, and in which format."""

import re
from typing import Final, Literal, NamedTuple

from core.readings import CollarName
from ingest.decoding.refusals import refuse, shortened

Kind = Literal["samples", "posture", "status"]

_ID: Final = r"[A-Za-z0-9_-]{1,64}"
_OWN: Final = re.compile(rf"animov/v1/({_ID})/({_ID})/(samples|posture|status)")
_THINGS_STACK: Final = re.compile(r"v3/[^/]+/devices/([^/]+)/up")
_CHIRPSTACK: Final = re.compile(r"application/[^/]+/device/([0-9A-Fa-f]{16})/event/up")


class OwnTopic(NamedTuple):
    """A collar on our own contract, and what kind of message comes here."""

    collar: CollarName
    kind: Kind


class DeviceTopic(NamedTuple):
    """A device of a LoRaWAN network server; its collar is known by the alias `network:device`."""

    network: Literal["tts", "chirpstack"]
    device: str

    @property
    def alias(self) -> str:
        """The key of the alias table; a DevEUI is in lower case."""
        return f"{self.network}:{self.device}"


def topic_of(collar: CollarName, kind: Kind) -> str:
    """Return the topic on which a collar publishes a kind of message."""
    return f"animov/v1/{collar.farm}/{collar.collar}/{kind}"


def parse_topic(topic: str) -> OwnTopic | DeviceTopic | None:
    """Read a topic; None if only the payload can tell who speaks (SenML).

    Raises:
        RefusedError: the topic begins like one of ours and is none.
    """
    if own := _OWN.fullmatch(topic):
        farm, collar, kind = own.groups()
        return OwnTopic(CollarName(farm, collar), _KINDS[kind])
    if topic.startswith("animov/"):
        wanted = "animov/v1/{farm}/{collar}/{samples, posture or status}, ids of 1 to 64 letters, digits, _ and -"
        refuse("unknown_topic", f"topic {shortened(topic)} is not {wanted}")
    if things := _THINGS_STACK.fullmatch(topic):
        return DeviceTopic("tts", things[1])
    if chirp := _CHIRPSTACK.fullmatch(topic):
        return DeviceTopic("chirpstack", chirp[1].lower())
    return None


_KINDS: Final[dict[str, Kind]] = {"samples": "samples", "posture": "posture", "status": "status"}
