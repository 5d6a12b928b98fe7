"""What strangers write to do harm, and what comes of it: a strict fake plays their relay."""

import asyncio
import secrets

import pytest
from fake_relay import FakeRelay, Serve
from house import house
from nostr_account import BOT, NOW, adapter, cursors, listening, texts, until
from nostr_people import Person
from nostr_sdk import Nip44Version, PublicKey, nip44_encrypt

from greenroom_adapters.contract import Post, ReplyReceived, TextEvent, Unavailable, UnknownEvent
from greenroom_adapters.nostr.connection import Connection
from greenroom_adapters.nostr.sources import PublicSource
from greenroom_adapters.testing import Intent

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

NESTED = "[" * 5000 + "]" * 5000


# What is nested too deep ---------------------------------------------------------------------------------------------


async def test_a_profile_that_nobody_can_read_is_an_empty_one(serve: Serve) -> None:
    mallory, alice = Person(), Person()
    relay = await serve(FakeRelay())
    relay.events.append(mallory.event(0, f'{{"name":"m","x":{NESTED}}}', at=NOW))
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await relay.put(mallory.mention(account.me.id, "nested", at=NOW))
        await until(lambda: texts(heard) == ["nested"])
        await relay.put(alice.mention(account.me.id, "anybody there?", at=NOW))
        await until(lambda: texts(heard) == ["nested", "anybody there?"])


async def test_a_message_of_a_relay_that_nobody_can_read_ends_nothing(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: sum(message[0] == "REQ" for message in relay.heard) > 6)
        name = next(message[1] for message in relay.heard if message[0] == "REQ" and message[1].startswith("public"))
        await relay.say_as_it_is(f'["EVENT","{name}",{NESTED}]')
        await relay.say_as_it_is(f'["EVENT","{name}",{{"id":"a","x":{NESTED[:-1]}}}]')
        await relay.say_as_it_is(NESTED)
        await relay.put(alice.mention(account.me.id, "anybody there?", at=NOW))
        await until(lambda: texts(heard) == ["anybody there?"])
    assert relay.opened == 1


async def test_a_sealed_message_that_nobody_can_read_is_unknown(serve: Serve) -> None:
    mallory, alice = Person(), Person()
    relay = await serve(FakeRelay())
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        to = PublicKey.parse(account.me.id)
        sealed = nip44_encrypt(mallory.keys.secret_key(), to, f'{{"x":{NESTED}}}', Nip44Version.V2)
        await relay.put(mallory.event(1059, sealed, [["p", account.me.id]], at=NOW))
        await relay.put(alice.message(account.me.id, "anybody there?"))
        await until(lambda: texts(heard) == ["anybody there?"])
    assert any(isinstance(event, UnknownEvent) for event in heard)


# What leads into the house --------------------------------------------------------------------------------------------


async def test_a_file_that_a_stranger_names_is_fetched_from_nowhere_in_the_house(serve: Serve) -> None:
    mallory = Person()
    relay = await serve(FakeRelay())
    async with house() as other, adapter(relay) as account, listening(account, cursors(relay)) as heard:
        named = ["imeta", f"url {other.url}/admin?shut_down=true", "m image/png", "alt the sea"]
        await relay.put(mallory.event(1, "mono", [["p", account.me.id], named], at=NOW))
        await until(lambda: texts(heard) == ["mono"])
        ((sent,),) = [event.media for event in heard if isinstance(event, TextEvent)]
        assert sent.url.startswith(other.url)
        with pytest.raises(Unavailable, match="not public"):
            await account.fetch(sent, most=1_000)
        assert other.visits == 0


# What names a crowd --------------------------------------------------------------------------------------------------


async def test_an_answer_is_known_for_one_whatever_others_refer_to(serve: Serve) -> None:
    mallory, alice = Person(), Person()
    relay = await serve(FakeRelay())
    ours = BOT.note("of yesterday", at=NOW - 86400)
    relay.events.append(ours)
    for number in range(30):
        nothing = [["q", secrets.token_hex(32)] for _ in range(100)]
        relay.events.append(mallory.note("hi", [["p", BOT.id], *nothing], at=NOW - 100 + number))
    relay.events.append(alice.answer(ours, "true", at=NOW))
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: "true" in texts(heard))
    assert isinstance(heard[-1], ReplyReceived)
    asked = [one["ids"] for message in relay.heard if message[0] == "REQ" for one in message[2:] if "ids" in one]
    assert all(len(ids) <= 100 for ids in asked)
    assert sum(map(len, asked)) <= 30 * 10 + 1
    assert ours["id"] in asked[0]


# Where they send us --------------------------------------------------------------------------------------------------


async def test_a_relay_that_a_stranger_names_is_never_one_of_this_house(serve: Serve) -> None:
    mallory = Person()
    visits = 0

    async def visited(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        writer.close()

    async with await asyncio.start_server(visited, "127.0.0.1", 0) as house:
        port = house.sockets[0].getsockname()[1]
        ours = await serve(FakeRelay(events=[mallory.event(10050, "", [["relay", f"wss://0x7f.1:{port}"]], at=NOW)]))
        # The owner's relay is on this machine in truth; by its address it is not.
        ours.url = ours.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - visited, not listened to
        async with adapter(ours) as account:
            with pytest.raises(Unavailable):
                await account.publish(Intent(account, Post(text="psst", direct_to=mallory.id)).next_try())
        assert visits == 0
        ours.url = ours.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - visited, not listened to
        async with adapter(ours) as account:
            with pytest.raises(Unavailable):
                await account.publish(Intent(account, Post(text="psst", direct_to=mallory.id)).next_try())
        assert visits > 0


# What nobody has thought of ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("part", "name"), [(PublicSource, "understand"), (Connection, "take")])
async def test_a_bot_that_is_deaf_says_so(part: type, name: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = await serve(FakeRelay())

    async def breaks(*_: object) -> None:
        raise ZeroDivisionError("nobody has thought of this")

    async with adapter(relay) as account:
        events = account.events(after=cursors(relay))
        first = asyncio.ensure_future(anext(events))
        await until(lambda: sum(message[0] == "REQ" for message in relay.heard) > 6)
        monkeypatch.setattr(part, name, breaks)
        await relay.put(Person().mention(account.me.id, "hello", at=NOW))
        await relay.cut()
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(10):
                await first
        await events.aclose()
