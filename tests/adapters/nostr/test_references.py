"""Keys and events are spelled as every other client spells them."""

import secrets

import pytest
from nostr_sdk import EventId, Keys, Nip19Event, Nip19Profile, PublicKey, RelayUrl

from greenroom_adapters.contract import PostRef
from greenroom_adapters.nostr.bech32 import decode, encode
from greenroom_adapters.nostr.references import (
    NAMES,
    Pointer,
    direct_reference,
    event_of,
    nevent,
    npub,
    person_of,
    reference,
)

ALICE = Keys.generate().public_key()
EVENT = secrets.token_hex(32)
RELAY = "wss://relay.example.org"


@pytest.mark.parametrize("length", [0, 1, 5, 20, 32, 33, 100])
def test_what_is_spelled_is_read_back(length: int) -> None:
    content = secrets.token_bytes(length)
    assert decode(encode("npub", content)) == ("npub", content)
    assert decode(encode("npub", content).upper()) == ("npub", content)


@pytest.mark.parametrize(
    "wrong",
    ["", "npub", "1qqqqqq", "npub1", "npub1b", "npub1qqqqqqqqqqqq", "NPUB1qqqqqqqq", "A1G7SGD8", "a" * 6000],
)
def test_what_is_no_bech32_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(wrong)


def test_one_wrong_letter_is_noticed() -> None:
    spelled = npub(ALICE.to_hex())
    for place in range(6, len(spelled)):
        other = "q" if spelled[place] != "q" else "p"
        with pytest.raises(ValueError, match="mistyped"):
            decode(spelled[:place] + other + spelled[place + 1 :])


def test_people_and_events_are_named_as_others_name_them() -> None:
    assert npub(ALICE.to_hex()) == ALICE.to_bech32()
    named = Nip19Event.from_bech32(nevent(EVENT, author=ALICE.to_hex(), relay=RELAY))
    assert named.event_id().to_hex() == EVENT
    assert named.author().to_hex() == ALICE.to_hex()
    assert [str(relay) for relay in named.relays()] == [RELAY]
    assert Nip19Event.from_bech32(nevent(EVENT)).author() is None


def test_names_that_others_made_are_read() -> None:
    profile = Nip19Profile(ALICE, [RelayUrl.parse(RELAY)]).to_bech32()
    event = EventId.parse(EVENT)
    assert Pointer.read(profile) == Pointer(is_person=True, id=ALICE.to_hex())
    assert Pointer.read(event.to_bech32()) == Pointer(is_person=False, id=EVENT)
    assert Pointer.read(Nip19Event(event).to_bech32()) == Pointer(is_person=False, id=EVENT)
    with pytest.raises(ValueError, match="neither"):
        Pointer.read(Keys.generate().secret_key().to_bech32())
    assert NAMES.findall(f"hi nostr:{profile}, see {event.to_bech32()}!") == [profile, event.to_bech32()]


def test_a_person_is_known_by_each_spelling_and_nobody_is_nobody() -> None:
    spelled = ALICE.to_bech32()
    for handle in (ALICE.to_hex(), spelled, f"@{spelled}", f"nostr:{spelled}", f" {Nip19Profile(ALICE).to_bech32()}"):
        assert person_of(handle) == ALICE.to_hex()
    for handle in ("alice", "", "@nobody", EVENT[:-1], EventId.parse(EVENT).to_bech32()):
        assert person_of(handle) is None


def test_a_post_is_found_by_its_reference() -> None:
    ref = reference(EVENT, author=ALICE.to_hex())
    assert event_of(ref) == (EVENT, False)
    assert ref.url is not None
    assert PublicKey.parse(ALICE.to_hex()) == Nip19Event.from_bech32(ref.url.removeprefix("nostr:")).author()
    assert event_of(direct_reference(EVENT)) == (EVENT, True)
    assert event_of(PostRef(id="!room/$event")) is None
