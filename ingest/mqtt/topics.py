"""Which names a message may be published under (MQTT 5.0, section 4.7)."""

from ingest.mqtt.reasons import Reason, RefusedError


def publishable(topic: str) -> str:
    """Return a topic under which a message may be published: not empty, no wildcard."""
    if not topic:
        raise RefusedError(Reason.TOPIC_NAME_INVALID, "a topic is empty")
    if "+" in topic or "#" in topic:
        raise RefusedError(Reason.TOPIC_NAME_INVALID, f"topic {topic!r} holds a wildcard")
    return topic
