"""MQTT's data types (MQTT 5.0, section 1.5), read from and written to bytes."""

from ingest.mqtt.reasons import malformed


class Reader:
    """A position in the body of one packet; reading past its end is a malformed packet."""

    __slots__ = ("body", "position")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.position = 0

    @property
    def left(self) -> int:
        """Bytes that have not been read."""
        return len(self.body) - self.position

    def take(self, count: int) -> bytes:
        """Read `count` bytes as they are."""
        if count > self.left:
            raise malformed(f"a packet ends {count - self.left} bytes too early")
        start, self.position = self.position, self.position + count
        return self.body[start : self.position]

    def number(self, width: int) -> int:
        """Read an integer of `width` bytes, most significant first."""
        return int.from_bytes(self.take(width), "big")

    def varint(self) -> int:
        """Read a variable byte integer: seven bits a byte, least significant first, four bytes at most."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise malformed("a variable byte integer has more than four bytes")

    def binary(self) -> bytes:
        """Read bytes with a length of two bytes before them."""
        return self.take(self.number(2))

    def string(self) -> str:
        """Read UTF-8 with a length of two bytes before it; U+0000 and surrogates are not allowed."""
        return text(self.binary())

    def packet_id(self) -> int:
        """Read a packet identifier, 1 to 65535."""
        identifier = self.number(2)
        if not identifier:
            raise malformed("a packet identifier is 0")
        return identifier

    def nothing_left(self) -> None:
        """Refuse a packet that is longer than what it says."""
        if self.left:
            raise malformed(f"a packet has {self.left} bytes too many")


def text(raw: bytes) -> str:
    """Decode a UTF-8 string as MQTT allows it."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        raise malformed("a string is not UTF-8") from None
    if "\0" in decoded:
        raise malformed("a string holds U+0000")
    return decoded


def varint(value: int) -> bytes:
    """Encode a variable byte integer, at most 268,435,455.

    >>> varint(127).hex(), varint(128).hex()
    ('7f', '8001')
    """
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def string(value: str) -> bytes:
    """Encode a string with its length of two bytes."""
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def packet(first: int, body: bytes) -> bytes:
    """Put the fixed header before a body."""
    return bytes((first,)) + varint(len(body)) + body
