"""Devices of network servers, which do not speak on our own topics: the aliases by which they are collars."""

import re
from typing import Final

PATTERN: Final = r"^((tts|senml):[!-~]{1,190}|chirpstack:[0-9A-Fa-f]{16})$"
"""What an alias is written like; bounded, for an index can't hold names of any length."""


def alias_of(device: str) -> str | None:
    """Return the alias of a device as messages tell it; `None` if it can be none.

    >>> alias_of("chirpstack:0011223344AABBCC"), alias_of("tts:tag-7"), alias_of("lora:tag-7")
    ('chirpstack:0011223344aabbcc', 'tts:tag-7', None)
    """
    if re.fullmatch(PATTERN, device) is None:
        return None
    return device.lower() if device.startswith("chirpstack:") else device
