"""Messages of one length: whole numbers of so many bits in whole bytes, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def packed(numbers: Iterable[int], bits: int) -> list[bytes]:
    """Numbers of so many bits, most significant bit first, filled up with zeros.

    >>> packed([2, 3], 3), list(unpacked([b"@", b"`"], 3))
    ([b'@', b'`'], [(0, 2), (1, 3)])
    """
    length, spare = -(-bits // 8), -bits % 8
    return [(number << spare).to_bytes(length, "big") for number in numbers]


def unpacked(messages: Iterable[bytes], bits: int) -> Iterator[tuple[int, int]]:
    """Places and numbers of what `packed` made; anything else is refused."""
    spare = -bits % 8
    for index, message in sized(messages, -(-bits // 8)):
        number, padding = divmod(int.from_bytes(message, "big"), 1 << spare)
        if padding:
            raise ValueError(f"message {index} must be padded with zeros.")
        yield index, number


def sized(messages: Iterable[bytes], length: int) -> Iterator[tuple[int, bytes]]:
    """Messages with their places, if they are bytes of this length."""
    for index, message in enumerate(messages):
        check_bytes(index, message)
        if len(message) != length:
            raise ValueError(f"message {index} must have {length} bytes, got {len(message)}.")
        yield index, message


def check_bytes(index: int, message: object) -> None:
    """Refuse a message that is no bytes object."""
    if not isinstance(message, bytes):
        raise TypeError(f"message {index} must be bytes, got {type(message).__name__}.")
