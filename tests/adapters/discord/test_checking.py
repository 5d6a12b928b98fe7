"""What `check` tells an owner, and how a person is walked to his token."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing

import pytest
from discord_world import DiscordWorld

from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    Kind,
    Secret,
    SupportsLogin,
    SupportsWanted,
    Wanted,
)
from greenroom_adapters.discord import DiscordAdapter
from greenroom_adapters.discord.permissions import needed

SEND, ATTACH = 1 << 11, 1 << 15
VIEW, HISTORY, IN_THREADS = 1 << 10, 1 << 16, 1 << 38
SPEAKING = VIEW | SEND | HISTORY | IN_THREADS


def wants(*kinds: Kind, posts: bool = False, attaches: bool = False) -> Wanted:
    return Wanted(kinds=frozenset(kinds), posts=posts, attaches=attaches)


def asked_for(words: str) -> int:
    """Return the permissions for which the link in these words asks."""
    found = re.search(r"permissions=(\d+)", words)
    assert found is not None, words
    return int(found[1])


class Person:
    """Somebody before the terminal, who pastes one text."""

    def __init__(self, pasted: str) -> None:
        self.pasted = pasted
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        return default

    async def ask_secret(self, question: str) -> Secret:
        return Secret(self.pasted)

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        raise AssertionError("no browser is needed")


@pytest.mark.asyncio
async def test_all_is_well(discord_world: DiscordWorld) -> None:
    async with discord_world.adapter() as adapter:
        standing = await adapter.check()
    assert standing.warnings == ()
    assert "post in #general" in standing.may
    assert standing.me.is_bot
    assert standing.me.handle.endswith("#4242")


@pytest.mark.asyncio
async def test_each_trouble_is_told_with_its_mend(discord_world: DiscordWorld) -> None:
    world = discord_world
    guild = world.guild["id"]

    def denies(permission: int) -> list[dict[str, object]]:
        return [{"id": guild, "type": 0, "allow": "0", "deny": str(permission)}]

    await world.call("channel", guild=guild, name="news", overwrites=denies(SEND))
    await world.call("channel", guild=guild, name="log", overwrites=denies(ATTACH))
    await world.call("channel", guild=guild, name="staff", overwrites=denies(1 << 10))
    await world.call("flags", bot=world.me, flags=0)
    await world.call("guild", name="Elsewhere", owner=world.alice, members=[world.me])
    await world.call("starts", bot=world.me, used=950, reset_after=1000)
    async with world.adapter(home="#nowhere") as adapter:
        warnings = (await adapter.check()).warnings
    for words in (
        "Message Content Intent",
        "in 2 servers",
        "may not write in #news (Lighthouse",
        "no *Attach Files* in #log (Lighthouse",
        "50 of 1000 starts",
        "Mend `home`",
    ):
        assert any(words in warning for warning in warnings), words
    assert not any("#staff" in warning for warning in warnings), "what it does not see is none of its business"


@pytest.mark.asyncio
async def test_whom_anybody_may_invite_should_know_its_servers(discord_world: DiscordWorld) -> None:
    world = discord_world
    await world.call("public", bot=world.me)
    async with world.adapter() as adapter:
        (warning,) = (await adapter.check()).warnings
    assert "`servers`" in warning
    assert "*Public Bot*" in warning
    async with world.adapter(servers=(world.guild["id"],)) as adapter:
        assert (await adapter.check()).warnings == ()


@pytest.mark.asyncio
async def test_a_server_that_the_bot_is_not_in_gets_an_invitation(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter(servers=("123456",), home="") as adapter:
        (warning,) = (await adapter.check()).warnings
    assert "discord.com/oauth2/authorize" in warning
    assert f"client_id={world.me}" in warning


@pytest.mark.parametrize("before", ["", "Bot "])
@pytest.mark.asyncio
async def test_a_person_is_walked_to_his_token(discord_world: DiscordWorld, before: str) -> None:
    world = discord_world
    person = Person(f"{before}{world.bot['token']} ")
    assert issubclass(DiscordAdapter, SupportsLogin)
    found = await DiscordAdapter.login(person, {"base_url": world.settings.base_url})
    assert found.secrets == {"token": Secret(world.bot["token"])}
    assert found.handle.startswith("lightbot")
    assert any("oauth2/authorize" in note and f"client_id={world.me}" in note for note in found.notes)
    for switch in ("Message Content Intent", "Reset Token", "New Application"):
        assert any(switch in told for told in person.told)


@pytest.mark.asyncio
async def test_what_is_no_token_is_said_so(discord_world: DiscordWorld) -> None:
    known = {"base_url": discord_world.settings.base_url}
    with pytest.raises(AuthenticationFailed):
        await DiscordAdapter.login(Person("not-a-token-at-all"), known)
    with pytest.raises(ConfigurationError):
        await DiscordAdapter.login(Person(" "), known)


@pytest.mark.parametrize(
    ("wanted", "permissions"),
    [
        (wants(Kind.DIRECT_MESSAGE), 0),
        (wants(Kind.MENTION), SPEAKING),
        (wants(posts=True), SPEAKING),
        (wants(Kind.MENTION, posts=True, attaches=True), SPEAKING | ATTACH),
    ],
)
@pytest.mark.asyncio
async def test_the_invitation_asks_for_exactly_what_the_bots_rules_need(
    discord_world: DiscordWorld, wanted: Wanted, permissions: int
) -> None:
    world = discord_world
    person = Person(world.bot["token"])
    assert issubclass(DiscordAdapter, SupportsWanted)
    found = await DiscordAdapter.login_for(person, {"base_url": world.settings.base_url}, wanted)
    assert asked_for(found.notes[0]) == permissions
    async with world.adapter(servers=("123456",), home="") as adapter:
        adapter.want(wanted)
        (warning,) = (await adapter.check()).warnings
    assert asked_for(warning) == permissions


@pytest.mark.parametrize(
    ("kind", "step", "is_missed"),
    [
        (Kind.MENTION, "leave the three *Privileged Gateway Intents* off", False),
        (Kind.DIRECT_MESSAGE, "leave the three *Privileged Gateway Intents* off", False),
        (Kind.REPLY, "*Message Content Intent* may stay off", True),
        (Kind.MESSAGE, "switch on *Message Content Intent*", True),
    ],
)
@pytest.mark.asyncio
async def test_message_content_is_named_only_where_rules_read_what_mentions_nobody(
    discord_world: DiscordWorld, kind: Kind, step: str, is_missed: bool
) -> None:
    world = discord_world
    person = Person(world.bot["token"])
    await world.call("flags", bot=world.me, flags=0)
    found = await DiscordAdapter.login_for(person, {"base_url": world.settings.base_url}, wants(kind))
    assert step in person.told[0]
    place = f"https://discord.com/developers/applications/{world.me}/bot"
    assert any(place in note and "*Privileged Gateway Intents*" in note for note in found.notes) is is_missed
    async with world.adapter() as adapter:
        adapter.want(wants(kind))
        warnings = (await adapter.check()).warnings
    assert any(place in warning for warning in warnings) is is_missed


@pytest.mark.asyncio
async def test_who_answers_joins_is_told_where_they_are_announced(discord_world: DiscordWorld) -> None:
    world = discord_world
    person = Person(world.bot["token"])
    found = await DiscordAdapter.login_for(person, {"base_url": world.settings.base_url}, wants(Kind.JOIN))
    assert any("System Messages Channel" in note for note in found.notes)
    assert "leave the three *Privileged Gateway Intents* off" in person.told[0]


@pytest.mark.asyncio
async def test_a_right_that_the_rules_do_not_need_is_not_missed(discord_world: DiscordWorld) -> None:
    world = discord_world
    denied = [{"id": world.guild["id"], "type": 0, "allow": "0", "deny": str(ATTACH)}]
    await world.call("channel", guild=world.guild["id"], name="log", overwrites=denied)
    async with world.adapter() as adapter:
        adapter.want(wants(Kind.MENTION))
        assert (await adapter.check()).warnings == ()
        adapter.want(wants(Kind.MENTION, posts=True, attaches=True))
        (warning,) = (await adapter.check()).warnings
    assert "no *Attach Files* in #log" in warning


@pytest.mark.asyncio
async def test_a_bot_without_a_switch_that_its_rules_want_hears_the_rest(discord_world: DiscordWorld) -> None:
    world = discord_world
    await world.call("flags", bot=world.me, flags=0)
    async with world.adapter() as adapter:
        adapter.want(wants(Kind.MENTION, Kind.MESSAGE))
        assert Kind.MESSAGE not in adapter.capabilities.kinds
        begin = await adapter.now()
        async with aclosing(adapter.events(after=begin)) as events:
            asked = asyncio.ensure_future(anext(events))
            await world.mention_bot("is the lamp lit?")
            async with asyncio.timeout(30):
                event = await asked
    assert event.kind is Kind.MENTION


def test_the_right_to_react_is_asked_for_by_whoever_reacts_alone() -> None:
    reacting = Wanted(kinds=frozenset({Kind.MENTION}), posts=False, attaches=False, reacts=True)
    assert set(needed(reacting)) - set(needed(wants(Kind.MENTION))) == {"add_reactions"}
