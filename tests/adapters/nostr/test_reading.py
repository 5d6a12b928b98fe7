"""What notes, reactions and the like mean for the bot; how a note is written; where it stands in its thread."""

import itertools
import secrets
from typing import Any

import pytest

from greenroom_adapters.contract import (
    Author,
    DirectMessageReceived,
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    Post,
    PostDeleted,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    RepostReceived,
    UnknownEvent,
)
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.profiles import Profile, read_profile
from greenroom_adapters.nostr.reading import KEY, Reader, unknown
from greenroom_adapters.nostr.references import nevent, npub
from greenroom_adapters.nostr.threads import answering, place_of
from greenroom_adapters.nostr.wire import WireEvent, moment, signed
from greenroom_adapters.nostr.wrapping import Rumor, rumor
from greenroom_adapters.nostr.writing import Attached, compose, context_of, names_for

ME, ALICE, BOB = Keys.new(), Keys.new(), Keys.new()
NOW = 1_790_000_000
NAMES = {ALICE.pubkey: "Alice", ME.pubkey: "Ada (bot)"}
seconds = itertools.count(NOW)


def note(keys: Keys, text: str = "words", tags: Any = (), kind: int = 1) -> WireEvent:
    return signed(keys, created_at=next(seconds), kind=kind, tags=tags, content=text)


def author(person: str) -> Author:
    return Author(id=person, handle=npub(person), name=NAMES.get(person, ""))


def read(event: WireEvent, *known: WireEvent) -> Event | None:
    met = {one.id: one for one in known}
    found = Reader(ME.pubkey, known=met.get, author=author).read(event, "here")
    assert len(found) <= 1
    return found[0] if found else None


def test_a_note_that_names_the_bot_is_a_mention() -> None:
    event = note(ALICE, f"hey nostr:{npub(ME.pubkey)}, rain?", [["p", ME.pubkey], ["l", "en", "ISO-639-1"]])
    read_event = read(event)
    assert isinstance(read_event, MentionReceived)
    assert (read_event.id, read_event.text) == (event.id, "hey @Ada (bot), rain?")
    assert (read_event.author.id, read_event.conversation, read_event.language) == (ALICE.pubkey, event.id, "en")
    assert read_event.occurred_at == moment(event.created_at)
    assert read_event.post.url == f"nostr:{nevent(event.id, author=ALICE.pubkey)}"


def test_names_in_the_text_are_written_as_people_read_them() -> None:
    text = f"nostr:{npub(BOB.pubkey)} and #[1] and #[9] and nostr:{nevent('ab' * 32)} and https://x.org/npub1zz"
    event = note(ALICE, text, [["p", ME.pubkey], ["p", ALICE.pubkey]])
    told = read(event)
    assert isinstance(told, MentionReceived)
    assert (
        told.text == f"@{npub(BOB.pubkey)} and @Alice and #[9] and nostr:{nevent('ab' * 32)} and https://x.org/npub1zz"
    )


def test_a_text_of_nothing_but_names_costs_and_grows_little() -> None:
    asked: list[str] = []

    def long(person: str) -> Author:
        asked.append(person)
        return Author(id=person, handle=npub(person), name="n" * 32)

    nothing: dict[str, WireEvent] = {}
    reader = Reader(ME.pubkey, known=nothing.get, author=long)
    for written in ("#[0]", f"nostr:{npub(ALICE.pubkey)} "):
        event = note(BOB, written * 16_000, [["p", ALICE.pubkey]])
        asked.clear()
        text = reader.text(event)
        assert asked == [ALICE.pubkey]
        assert text.count("n" * 32) == 50
        assert text.endswith(written * 15_950)
    tags = [["e", "ab" * 32, "", "reply"], ["p", ME.pubkey]]
    assert isinstance(read(note(ALICE, "#[0] " * 49 + "#[1]", tags)), MentionReceived)
    assert isinstance(read(note(ALICE, "#[0] " * 50 + "#[1]", tags)), MessageReceived)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Ada leave", "@Ada_leave"), ("Ada,leave", "@Ada_leave"), ("open\nthe gate", "@open_the_gate"), (" ", None)],
)
def test_nobody_puts_words_into_a_text_by_calling_himself_like_them(name: str, shown: str | None) -> None:
    nothing: dict[str, WireEvent] = {}
    reader = Reader(ME.pubkey, known=nothing.get, author=lambda person: Author(id=person, handle="npub1x", name=name))
    text = reader.text(note(BOB, f"nostr:{npub(ALICE.pubkey)}", [["p", ALICE.pubkey]]))
    assert text == (shown or "@npub1x")


def test_a_name_that_looks_like_a_reference_is_a_name() -> None:
    nothing: dict[str, WireEvent] = {}
    reader = Reader(ME.pubkey, known=nothing.get, author=lambda person: Author(id=person, handle="h", name="#[0]"))
    assert reader.text(note(BOB, f"hi nostr:{npub(ALICE.pubkey)}", [["p", ME.pubkey]])) == "hi @#[0]"


@pytest.mark.parametrize("style", ["marked", "positional", "one marked", "one plain"])
def test_an_answer_to_the_bot_is_a_reply_however_its_client_marks_it(style: str) -> None:
    root, ours = note(ALICE), note(ME)
    tags = {
        "marked": [["e", root.id, "", "root"], ["e", ours.id, "", "reply"]],
        "positional": [["e", root.id], ["e", ours.id]],
        "one marked": [["e", ours.id, "", "root"]],
        "one plain": [["e", ours.id]],
    }[style]
    told = read(note(BOB, "well done", [*tags, ["p", ME.pubkey]]), ours, root)
    assert isinstance(told, ReplyReceived)
    assert told.in_reply_to is not None
    assert told.in_reply_to.id == ours.id
    assert told.conversation == (root.id if len(tags) == 2 else ours.id)
    assert told.also == ()


def test_a_tag_that_every_answer_in_a_thread_carries_is_no_mention() -> None:
    theirs = note(ALICE)
    tags = [["e", theirs.id, "", "root"], ["p", ALICE.pubkey], ["p", ME.pubkey]]
    assert isinstance(read(note(BOB, "I disagree", tags), theirs), MessageReceived)
    assert isinstance(read(note(BOB, f"ask nostr:{npub(ME.pubkey)}", tags), theirs), MentionReceived)
    assert isinstance(read(note(BOB, "ask #[2]", tags), theirs), MentionReceived)


def test_a_note_that_does_several_things_is_one_event() -> None:
    ours, other = note(ME), note(ME)
    text = f"nostr:{npub(ME.pubkey)} nostr:{nevent(other.id)}"
    told = read(note(ALICE, text, [["e", ours.id, "", "root"], ["q", other.id], ["p", ME.pubkey]]), ours, other)
    assert isinstance(told, ReplyReceived)
    assert told.also == (Kind.QUOTE, Kind.MENTION)
    quoting = read(note(ALICE, "so true", [["q", other.id], ["p", ME.pubkey]]), other)
    assert isinstance(quoting, QuoteReceived)


def test_who_answers_what_nobody_has_is_believed_in_nothing() -> None:
    tags = [["e", secrets.token_hex(32), "", "root", ME.pubkey], ["p", ME.pubkey]]
    assert isinstance(read(note(ALICE, "you said so", tags)), MessageReceived)


def test_reactions_and_reposts_of_our_notes_alone_are_heard() -> None:
    ours, theirs = note(ME), note(ALICE)
    for content, word in (("+", "like"), ("", "like"), ("❤️", "like"), ("🌊", "🌊"), ("-", "-")):
        told = read(note(BOB, content, [["e", ours.id], ["p", ME.pubkey]], 7), ours)
        assert isinstance(told, ReactionReceived)
        assert (told.reaction, told.post.id, told.author.id) == (word, ours.id, BOB.pubkey)
    told = read(note(BOB, "{}", [["e", ours.id, ""], ["p", ME.pubkey]], 6), ours)
    assert isinstance(told, RepostReceived)
    assert told.post.id == ours.id
    for kind in (6, 7):
        assert read(note(BOB, "+", [["e", theirs.id], ["p", ME.pubkey]], kind), theirs) is None
        assert read(note(BOB, "+", [["e", secrets.token_hex(32)], ["p", ME.pubkey]], kind)) is None
        assert read(note(BOB, "+", [], kind)) is None


def test_a_follower_is_told_under_one_id() -> None:
    one, two = (read(note(ALICE, "", [["p", ME.pubkey], ["p", BOB.pubkey]], 3)) for _ in range(2))
    assert isinstance(one, FollowReceived)
    assert isinstance(two, FollowReceived)
    assert one.id == two.id == f"follow:{ALICE.pubkey}"
    assert read(note(ALICE, "", [["p", BOB.pubkey]], 3)) is None


def test_only_its_author_deletes_a_note() -> None:
    first, second = note(ALICE), note(ALICE)
    known = {one.id: one for one in (first, second)}
    reader = Reader(ME.pubkey, known=known.get, author=author)
    deletion = note(ALICE, "", [["e", first.id], ["e", second.id], ["e", secrets.token_hex(32)]], 5)
    told = reader.read(deletion, "here")
    assert [(type(one), one.post.id) for one in told if isinstance(one, PostDeleted)] == [
        (PostDeleted, first.id),
        (PostDeleted, second.id),
    ]
    assert len({one.id for one in told}) == 2
    assert reader.read(note(BOB, "", [["e", first.id]], 5), "here") == ()


def test_our_own_notes_are_our_own_whatever_they_say() -> None:
    told = read(note(ME, "hello me", [["p", ME.pubkey], [KEY, "greenroom-abc"]]))
    assert isinstance(told, OwnPostSeen)
    assert told.key == "greenroom-abc"
    by_hand = read(note(ME))
    assert isinstance(by_hand, OwnPostSeen)
    assert by_hand.key is None
    assert read(note(ME, "+", [["e", by_hand.post.id]], 7)) is None


def test_attached_files_come_with_their_description() -> None:
    tags = [
        ["p", ME.pubkey],
        ["imeta", "url https://m.example/a.png", "m image/png", "alt a grey sea", "dim 4x4"],
        ["imeta", "url javascript:alert(1)", "m text/html"],
        ["imeta"],
    ]
    told = read(note(ALICE, "look", tags))
    assert isinstance(told, MentionReceived)
    assert [(one.url, one.media_type, one.alt) for one in told.media] == [
        ("https://m.example/a.png", "image/png", "a grey sea")
    ]


def test_a_direct_message_is_between_two() -> None:
    nothing: dict[str, WireEvent] = {}
    reader = Reader(ME.pubkey, known=nothing.get, author=author)

    def direct(keys: Keys, *people: Keys, kind: int = 14, tags: Any = ()) -> Event:
        to = tuple(("p", person.pubkey) for person in people)
        told: Rumor = rumor(keys.pubkey, created_at=NOW, tags=(*to, *tags), content="psst", kind=kind)
        return reader.direct(told, "here")

    heard = direct(ALICE, ME, tags=(("e", "ab" * 32),))
    assert isinstance(heard, DirectMessageReceived)
    assert (heard.text, heard.conversation) == ("psst", f"dm:{ALICE.pubkey}")
    assert heard.in_reply_to is not None
    assert heard.in_reply_to.id == f"dm/{'ab' * 32}"
    own = direct(ME, ALICE, tags=((KEY, "digest"),))
    assert isinstance(own, OwnPostSeen)
    assert (own.conversation, own.key) == (heard.conversation, "digest")
    assert isinstance(direct(ALICE, ME, BOB), UnknownEvent)
    assert isinstance(direct(ALICE, ME, kind=15), UnknownEvent)


def test_what_cannot_be_read_keeps_its_id() -> None:
    one, two = (unknown(b"\xff{", "here", received_at=moment(NOW + number)) for number in range(2))
    assert one.id == two.id
    assert one.raw == "\ufffd{"
    assert unknown(b"\xff{{", "here", received_at=moment(NOW)).id != one.id


def test_a_profile_is_read_as_far_as_it_makes_sense() -> None:
    def profile(content: str) -> Any:
        return read_profile(note(ALICE, content, kind=0))

    full = profile('{"name": "ada", "display_name": " Ada\\n L.", "about": "#NoBot please", "bot": true, "x": [1]}')
    assert (full.name, full.bot, full.declines_bots) == ("Ada L.", True, True)
    assert profile('{"name": "ada", "about": "hi"}') == Profile(name="ada")
    assert profile('{"name": 5, "about": "#nobot", "bot": "yes"}').declines_bots
    for about, declines in (("nobot please", True), ("#no_bots", True), ("no bots", False), ("casino-bottles", False)):
        assert profile(f'{{"about": "{about}"}}').declines_bots is declines
    assert len(profile(f'{{"name": "{"n" * 60_000}"}}').name) == 100
    assert profile('{"name": 5, "bot": "yes"}').name == ""
    assert profile('{"bot": "yes"}').bot is False
    for nonsense in ("", "[]", "{", "null"):
        assert profile(nonsense).name == ""


# Writing ------------------------------------------------------------------------------------------------------------


def written(text: str, context: Any = (), names: Any = None, **more: Any) -> tuple[str, list[list[str]]]:
    content, tags = compose(Post(text=text, **more), key="digest", context=context, names=names or {})
    return content, [list(tag) for tag in tags]


def test_people_in_the_text_become_references_that_notify_them() -> None:
    alice = npub(ALICE.pubkey)
    content, tags = written(f"hi @{alice} and nostr:{alice}, see https://x.org/{alice} or a@{alice}")
    assert content == f"hi nostr:{alice} and nostr:{alice}, see https://x.org/{alice} or a@{alice}"
    assert tags == [["p", ALICE.pubkey], [KEY, "digest"]]
    wrong = alice[:-1] + ("q" if alice[-1] != "q" else "p")
    assert written(f"hi @{wrong}")[0] == f"hi @{wrong}"


def test_a_name_means_who_talks_here_and_has_it_alone() -> None:
    people = {ALICE.pubkey: "Alice", BOB.pubkey: "Bob", ME.pubkey: ""}
    names = names_for("hi @Alice, is @Bobby here?", people)
    assert names == {"Alice": ALICE.pubkey}
    assert written("hi @Alice! (x@Alice)", names=names)[0] == f"hi nostr:{npub(ALICE.pubkey)}! (x@Alice)"
    assert names_for("hi @Alice", {ALICE.pubkey: "Alice", BOB.pubkey: "Alice"}) == {}
    assert names_for("hi @Old_Bob", {BOB.pubkey: "Old Bob"}) == {"Old_Bob": BOB.pubkey}, "as it stands in texts"
    assert names_for("hi @Old_Bob", {BOB.pubkey: "Old Bob", ALICE.pubkey: "Old_Bob"}) == {}
    assert names_for("hi @(.*)", {ALICE.pubkey: "(.*)"}) == {}


def test_hashtags_warnings_and_languages_have_tags_of_their_own() -> None:
    content, tags = written(
        "#Sea and #sea, #Überfahrt; not #1, x#y, https://x.org/#frag", content_warning="wet", language="de-AT"
    )
    assert content.startswith("#Sea and #sea")
    assert tags == [
        ["t", "sea"],
        ["t", "überfahrt"],
        ["content-warning", "wet"],
        ["L", "ISO-639-1"],
        ["l", "de", "ISO-639-1"],
        [KEY, "digest"],
    ]


def test_control_characters_stay_at_home_because_ids_depend_on_them() -> None:
    assert written("a\x1b[31mb\x00\tc\nd\r\x7f")[0] == "a[31mb\tc\nd"


def test_files_and_quotes_stand_below_the_words() -> None:
    quoted = note(ALICE)
    context = context_of([], quoted, relay="wss://r.example", me=ME.pubkey)
    file = Attached(
        url="https://m.example/a", alt="a sea", media_type="image/png", sha256="ab", size=3, width=2, height=1
    )
    content, tags = compose(Post(text="look"), key="k", context=context, names={}, attached=(file,))
    reference = nevent(quoted.id, author=ALICE.pubkey, relay="wss://r.example")
    assert content == f"look\n\nhttps://m.example/a\n\nnostr:{reference}"
    assert ("q", quoted.id, "wss://r.example", ALICE.pubkey) in tags
    assert ("p", ALICE.pubkey) in tags
    imeta = ("imeta", "url https://m.example/a", "m image/png", "x ab", "size 3", "dim 2x1", "alt a sea")
    assert imeta in tags


def test_an_answer_stands_in_its_thread_and_tells_whom_it_answers() -> None:
    root = note(ALICE)
    first = answering(root, me=ME.pubkey, relay="r")
    assert first == [("e", root.id, "r", "root", ALICE.pubkey), ("p", ALICE.pubkey)]
    theirs = note(BOB, "and?", [*(list(tag) for tag in first), ["p", ME.pubkey]])
    second = answering(theirs, me=ME.pubkey, relay="r")
    assert second[:2] == [("e", root.id, "r", "root"), ("e", theirs.id, "r", "reply", BOB.pubkey)]
    assert second[2:] == [("p", BOB.pubkey)]
    ours = note(ME, "aye", second)
    assert (place_of(ours).root, place_of(ours).parent) == (root.id, theirs.id)


def test_nobody_has_the_bot_tell_a_crowd() -> None:
    crowd = [["p", Keys.new().pubkey] for _ in range(300)]
    asked = note(ALICE, "all", [["p", ME.pubkey], *crowd])
    assert [tag for tag in answering(asked, me=ME.pubkey, relay="") if tag[0] == "p"] == [("p", ALICE.pubkey)]


def test_the_second_part_of_an_answer_tells_whom_the_first_has_told() -> None:
    asked = note(ALICE, "well?", [["p", ME.pubkey], ["p", BOB.pubkey]])
    first = note(ME, "1/2", [*answering(asked, me=ME.pubkey, relay=""), ["p", ME.pubkey], ["p", "nobody"]])
    second = answering(first, me=ME.pubkey, relay="")
    assert second[:2] == [("e", asked.id, "", "root"), ("e", first.id, "", "reply", ME.pubkey)]
    assert second[2:] == [("p", ALICE.pubkey)]
