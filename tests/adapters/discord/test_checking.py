"""What `check` tells an owner, and how a person is walked to his token."""

from collections.abc import Awaitable, Callable, Mapping

import pytest
from discord_world import DiscordWorld

from greenroom_adapters.contract import AuthenticationFailed, ConfigurationError, Secret, SupportsLogin
from greenroom_adapters.discord import DiscordAdapter

SEND, ATTACH = 1 << 11, 1 << 15


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
