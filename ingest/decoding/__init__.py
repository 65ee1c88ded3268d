"""Decoding and admission: bytes of a topic become readings of collars, or a reason why not. Pure throughout."""

from ingest.decoding.decoder import Aliases, make_decoder
from ingest.decoding.encoding import (
    Form,
    event_payload,
    posture_payload,
    samples_payload,
    status_payload,
    sums_payload,
)
from ingest.decoding.topics import Kind, topic_of

__all__ = [
    "Aliases",
    "Form",
    "Kind",
    "event_payload",
    "make_decoder",
    "posture_payload",
    "samples_payload",
    "status_payload",
    "sums_payload",
    "topic_of",
]
