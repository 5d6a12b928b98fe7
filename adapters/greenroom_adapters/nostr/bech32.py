"""Bech32, the spelling of keys and references on Nostr (BIP-173, without its limit of 90 characters; NIP-19)."""

__all__ = ["decode", "encode"]

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
LONGEST = 5000
"""Characters that are read at most (NIP-19)."""


def encode(prefix: str, content: bytes) -> str:
    """Return `content` spelled under `prefix`, which is lower case."""
    values = _regroup(content, 8, 5, pad=True)
    check = _polymod([*_expanded(prefix), *values, *[0] * 6]) ^ 1
    values += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{prefix}1{''.join(ALPHABET[value] for value in values)}"


def decode(spelled: str) -> tuple[str, bytes]:
    """Return the prefix and the content.

    :raises ValueError: it is no Bech32, or was mistyped
    """
    if len(spelled) > LONGEST or (spelled.lower() != spelled and spelled.upper() != spelled):
        raise ValueError("no Bech32")
    prefix, separator, rest = spelled.lower().rpartition("1")
    if not separator or not prefix or len(rest) < 6 or any(letter not in VALUES for letter in rest):
        raise ValueError("no Bech32")
    values = [VALUES[letter] for letter in rest]
    if _polymod([*_expanded(prefix), *values]) != 1:
        raise ValueError("mistyped: its checksum is wrong")
    return prefix, bytes(_regroup(values[:-6], 5, 8, pad=False))


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(GENERATORS):
            if top >> place & 1:
                check ^= generator
    return check


def _expanded(prefix: str) -> list[int]:
    return [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]


def _regroup(values: "list[int] | bytes", width: int, into: int, *, pad: bool) -> list[int]:
    held = bits = 0
    found: list[int] = []
    for value in values:
        held = (held << width | value) & 0xFFFF
        bits += width
        while bits >= into:
            bits -= into
            found.append(held >> bits & (1 << into) - 1)
    rest = held & (1 << bits) - 1
    if pad and bits:
        found.append(rest << into - bits)
    elif not pad and (bits >= width or rest):
        raise ValueError("no Bech32: its end is not padded with zeros")
    return found
