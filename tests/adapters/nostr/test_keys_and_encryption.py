"""Signing and sealing, against another implementation in both directions."""

import base64
import json
import secrets

import msgspec
import pytest
from nostr_sdk import (
    Event,
    EventBuilder,
    Kind,
    Nip44Version,
    PublicKey,
    Timestamp,
    UnwrappedGift,
    nip44_decrypt,
    nip44_encrypt,
    nip59_make_gift_wrap,
)
from nostr_sdk import Keys as Theirs

from greenroom_adapters.contract import ConfigurationError, Secret
from greenroom_adapters.nostr.encryption import LONGEST, decrypt, encrypt, padded_length
from greenroom_adapters.nostr.keys import Keys, is_signed_by
from greenroom_adapters.nostr.wire import digest_of, read_event, signed
from greenroom_adapters.nostr.wrapping import BACKDATED, SEAL, WRAP, rumor, unwrap, wrap

NOW = 1_790_000_000
TEXTS = ("plain", "two\nlines,\ttabbed", '"quotes" \\ / {}', "✨ é 👩‍👧 \u2028 \x7f", "x" * 4096)
LENGTHS = (1, 2, 16, 31, 32, 33, 64, 65, 255, 256, 257, 400, 512, 1000, 1024, 5000, 16_383, 40_000, 65_000)


def pair() -> tuple[Keys, Theirs]:
    """Return one key pair, as both implementations have it."""
    theirs = Theirs.generate()
    return Keys.read(Secret(theirs.secret_key().to_bech32())), theirs


def as_json(event: object) -> str:
    return msgspec.json.encode(event).decode()


def test_a_key_is_read_in_both_spellings_and_written_as_others_write_it() -> None:
    keys, theirs = pair()
    assert keys.pubkey == theirs.public_key().to_hex()
    assert keys.nsec().reveal() == theirs.secret_key().to_bech32()
    assert Keys.read(Secret(f" {theirs.secret_key().to_hex()}\n")).pubkey == keys.pubkey
    assert keys.nsec().reveal() not in f"{keys!r}{keys}"


@pytest.mark.parametrize(
    ("written", "why"),
    [("", "no key"), ("nsec1qqqq", "no key"), ("0" * 64, "out of range"), ("f" * 64, "out of range"), ("zz", "no key")],
)
def test_what_is_no_key_is_refused_without_being_shown(written: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as refused:
        Keys.read(Secret(written))
    assert not written or written not in str(refused.value)


def test_a_public_key_is_refused_as_such() -> None:
    with pytest.raises(ConfigurationError, match="public key"):
        Keys.read(Secret(Theirs.generate().public_key().to_bech32()))


@pytest.mark.parametrize("text", TEXTS)
def test_others_believe_what_we_sign_and_we_what_they_sign(text: str) -> None:
    keys, theirs = pair()
    ours = signed(keys, created_at=NOW, kind=1, tags=[["t", text[:50]]], content=text)
    assert Event.from_json(as_json(ours)).verify()
    builder = EventBuilder(Kind(1), text).custom_created_at(Timestamp.from_secs(NOW))
    read = read_event(builder.finalize(theirs).as_json().encode())
    assert (read.content, read.pubkey, read.created_at) == (text, keys.pubkey, NOW)


def test_the_same_words_at_the_same_time_are_the_same_bytes() -> None:
    keys, _ = pair()
    one, two = (signed(keys, created_at=NOW, kind=1, tags=(), content="once") for _ in range(2))
    assert one == two


def test_an_event_that_is_not_what_it_says_is_not_believed() -> None:
    keys, _ = pair()
    good = signed(keys, created_at=NOW, kind=1, tags=(), content="true")
    other = signed(Keys.new(), created_at=NOW, kind=1, tags=(), content="true")
    forged = {
        "another": {"content": "false"},
        "not signed": {"sig": other.sig},
        "without an author": {"pubkey": "zz"},
        "or a signature": {"sig": ""},
    }
    for why, change in forged.items():
        with pytest.raises(ValueError, match=why):
            read_event(as_json(msgspec.structs.replace(good, **change)).encode())
    # an id that fits the words, under the signature of somebody else
    digest = digest_of(other.pubkey, NOW, 1, (), "words of mine")
    stolen = msgspec.structs.replace(other, content="words of mine", id=digest.hex(), sig=good.sig)
    with pytest.raises(ValueError, match="not signed"):
        read_event(as_json(stolen).encode())
    assert not is_signed_by("00" * 32, digest, good.sig)


@pytest.mark.parametrize("length", LENGTHS)
def test_others_read_what_we_encrypt_and_we_what_they_encrypt(length: int) -> None:
    ours, as_theirs = pair()
    them, as_them = pair()
    text = "é" * (length // 2) + "x" * (length % 2)
    sealed = encrypt(text, ours, them.pubkey)
    assert nip44_decrypt(as_them.secret_key(), PublicKey.parse(ours.pubkey), sealed) == text
    theirs = nip44_encrypt(as_theirs.secret_key(), PublicKey.parse(them.pubkey), text, Nip44Version.V2)
    assert decrypt(theirs, them, ours.pubkey) == text
    assert decrypt(theirs, ours, them.pubkey) == text
    assert len(sealed) == len(theirs)
    assert padded_length(length) == len(base64.b64decode(theirs)) - 1 - 32 - 2 - 32


def test_others_read_the_longest_text_there_is() -> None:
    ours, _ = pair()
    them, as_them = pair()
    text = "x" * LONGEST  # which the other implementation reads, and does not write
    sealed = encrypt(text, ours, them.pubkey)
    assert nip44_decrypt(as_them.secret_key(), PublicKey.parse(ours.pubkey), sealed) == text
    assert decrypt(sealed, them, ours.pubkey) == text


def test_nothing_and_too_much_are_not_encrypted() -> None:
    ours, them = Keys.new(), Keys.new()
    for text in ("", "x" * (LONGEST + 1), "é" * (LONGEST // 2 + 1)):
        with pytest.raises(ValueError, match="bytes"):
            encrypt(text, ours, them.pubkey)


def test_what_was_altered_or_is_for_somebody_else_is_not_read() -> None:
    ours, them = Keys.new(), Keys.new()
    payload = encrypt("a secret", ours, them.pubkey)
    content = base64.b64decode(payload)
    with pytest.raises(ValueError, match="not for us"):
        decrypt(payload, Keys.new(), ours.pubkey)
    for place in (1, 20, 33, 50, len(content) - 33, len(content) - 1):
        altered = content[:place] + bytes((content[place] ^ 1,)) + content[place + 1 :]
        with pytest.raises(ValueError, match="altered"):
            decrypt(base64.b64encode(altered).decode(), them, ours.pubkey)
    for wrong, why in (
        ("#unheard", "not known here"),
        ("???", "no encrypted text"),
        (base64.b64encode(b"\x02" * 50).decode(), "impossible length"),
        (base64.b64encode(b"\x01" + content[1:]).decode(), "version 1"),
        (base64.b64encode(b"\x02" * 70_000).decode(), "impossible length"),
    ):
        with pytest.raises(ValueError, match=why):
            decrypt(wrong, them, ours.pubkey)


def test_others_open_our_wraps_and_learn_nothing_from_outside() -> None:
    ours, _ = pair()
    them, as_them = pair()
    message = rumor(ours.pubkey, created_at=NOW, tags=(("p", them.pubkey),), content="between us")
    wrapped = wrap(message, ours, them.pubkey, key="k")
    gift = UnwrappedGift.from_gift_wrap(as_them, Event.from_json(as_json(wrapped)))
    assert gift.sender().to_hex() == ours.pubkey
    assert json.loads(gift.rumor().as_json())["content"] == "between us"
    assert (wrapped.kind, wrapped.tags) == (WRAP, (("p", them.pubkey),))
    assert wrapped.pubkey not in (ours.pubkey, them.pubkey)
    assert NOW - BACKDATED < wrapped.created_at <= NOW
    assert ours.pubkey not in as_json(wrapped)


def test_a_message_is_one_wrap_for_one_key_and_another_for_another() -> None:
    ours, them = Keys.new(), Keys.new()
    message = rumor(ours.pubkey, created_at=NOW, tags=(("p", them.pubkey),), content="once")
    assert wrap(message, ours, them.pubkey, key="k") == wrap(message, ours, them.pubkey, key="k")
    others = [
        wrap(message, ours, them.pubkey, key="another"),
        wrap(message, ours, ours.pubkey, key="k"),
        wrap(message, Keys.new(), them.pubkey, key="k"),
    ]
    names = {wrap(message, ours, them.pubkey, key="k").pubkey, *(one.pubkey for one in others)}
    assert len(names) == 4, "two wraps under one key show that they are of one person"


def test_we_open_the_wraps_of_others() -> None:
    ours, _ = pair()
    them, as_them = pair()
    builder = EventBuilder(Kind(14), "hello").custom_created_at(Timestamp.from_secs(NOW))
    unsigned = builder.finalize_unsigned(as_them.public_key())
    gift = nip59_make_gift_wrap(as_them, PublicKey.parse(ours.pubkey), unsigned)
    told = unwrap(read_event(gift.as_json().encode()), ours)
    assert (told.pubkey, told.content, told.created_at) == (them.pubkey, "hello", NOW)
    assert told.id == builder.finalize(as_them).id().to_hex()
    with pytest.raises(ValueError, match="not for us"):
        unwrap(read_event(gift.as_json().encode()), Keys.new())


def test_nobody_puts_words_into_the_mouth_of_somebody_else() -> None:
    victim, attacker, ours = Keys.new(), Keys.new(), Keys.new()
    message = rumor(victim.pubkey, created_at=NOW, tags=(), content="send money")

    def sealed_by(keys: Keys, inside: object, kind: int = SEAL) -> object:
        text = encrypt(as_json(inside), keys, ours.pubkey)
        return signed(keys, created_at=NOW, kind=kind, tags=(), content=text)

    def wrapped(seal: object) -> object:
        once = Keys(secrets.token_bytes(32))
        text = encrypt(as_json(seal), once, ours.pubkey)
        return read_event(as_json(signed(once, created_at=NOW, kind=WRAP, tags=(), content=text)).encode())

    with pytest.raises(ValueError, match="another person"):
        unwrap(wrapped(sealed_by(attacker, message)), ours)  # type: ignore[arg-type]  # an event
    with pytest.raises(ValueError, match="something else"):
        unwrap(wrapped(sealed_by(victim, message, kind=1)), ours)  # type: ignore[arg-type]  # an event
    with pytest.raises(ValueError, match="id of another"):
        unwrap(wrapped(sealed_by(victim, msgspec.structs.replace(message, id="0" * 64))), ours)  # type: ignore[arg-type]  # an event
    seal = msgspec.json.decode(as_json(sealed_by(victim, message)))
    with pytest.raises(ValueError, match="not signed"):
        unwrap(wrapped({**seal, "sig": signed(attacker, created_at=NOW, kind=1, tags=(), content="").sig}), ours)  # type: ignore[arg-type]  # an event
