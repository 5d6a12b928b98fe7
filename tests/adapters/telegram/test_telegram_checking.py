"""What `check` tells an owner, and how a person is walked to his token."""

import logging
from collections.abc import Awaitable, Callable, Mapping

import pytest
from telegram_state import GROUP
from telegram_world import TelegramWorld

from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    Kind,
    Secret,
    SupportsLogin,
    SupportsWanted,
    Wanted,
)
from greenroom_adapters.telegram import TelegramAdapter, TelegramSettings

pytestmark = pytest.mark.timeout(60)


def wants(*kinds: Kind, rooms: frozenset[str] = frozenset()) -> Wanted:
    return Wanted(kinds=frozenset(kinds), posts=False, attaches=False, rooms=rooms)


class Person:
    """Somebody before the terminal, who pastes one text."""

    def __init__(self, pastes: str) -> None:
        self.pastes = pastes
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        raise AssertionError(f"nothing else is asked: {question}")

    async def ask_secret(self, question: str) -> Secret:
        self.told.append(question)
        return Secret(self.pastes)

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        raise AssertionError("no page is visited")


@pytest.mark.asyncio
async def test_an_account_in_order_has_no_warnings(telegram_world: TelegramWorld) -> None:
    async with telegram_world.adapter() as adapter:
        standing = await adapter.check()
    assert standing.me.handle == "light_bot"
    assert standing.me.is_bot
    assert standing.warnings == ()
    assert {"read everything in groups", "post", "answer"} <= set(standing.may)


@pytest.mark.asyncio
async def test_privacy_mode_is_explained_where_it_matters(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    world.bot.reads_everything = False
    async with world.adapter() as adapter:
        assert isinstance(adapter, SupportsWanted)
        (warning,) = (await adapter.check()).warnings
        assert "/setprivacy" in warning
        assert "into it again" in warning
        adapter.want(wants(Kind.MENTION, Kind.DIRECT_MESSAGE))
        assert (await adapter.check()).warnings == ()
        adapter.want(wants(Kind.MESSAGE))
        assert len((await adapter.check()).warnings) == 1


@pytest.mark.asyncio
async def test_a_bot_that_nobody_can_take_into_a_group_is_told_how_that_is_mended(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    world.bot.joins_groups = False
    async with world.adapter() as adapter:
        assert any("/setjoingroups" in warning for warning in (await adapter.check()).warnings)
        adapter.want(wants(Kind.DIRECT_MESSAGE))
        assert (await adapter.check()).warnings == ()


@pytest.mark.asyncio
async def test_a_webhook_of_another_program_is_named_without_what_may_be_secret_in_it(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    world.bot.webhook = "https://other.example/hook/s3cret"
    async with world.adapter() as adapter:
        (warning,) = (await adapter.check()).warnings
        assert "other.example" in warning
        assert "s3cret" not in warning
        world.bot.webhook = ours = "https://bot.example.com/telegram"
        world.bot.trouble = "Connection refused"
    async with world.adapter(webhook=ours) as adapter:
        (trouble,) = (await adapter.check()).warnings
        assert "Connection refused" in trouble
        assert "127.0.0.1:8443" in trouble
        world.bot.troubled_at -= 2 * 3600
        assert (await adapter.check()).warnings == (), "calls have come since"
    world.bot.webhook = ""


@pytest.mark.asyncio
async def test_places_where_its_posts_would_not_go_out_are_told_with_their_mends(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    elsewhere = world.do(lambda state: state.group("Elsewhere", world.alice, username="elsewhere"))
    channel = world.do(lambda state: state.group("News", world.alice, type="channel"))
    world.do(lambda state: state.make(channel, world.bot.id, "member", by=world.alice))
    world.do(lambda state: state.make(world.group, world.bot.id, "restricted", by=world.alice))
    old = world.do(lambda state: state.group("Old", world.alice, world.bot.id, type=GROUP))
    moved = world.do(lambda state: state.upgrade(old))
    rooms = frozenset({str(old.id), f"@{elsewhere.username}", str(channel.id), "#log", "@nobody_has_this"})
    async with world.adapter() as adapter:
        adapter.want(wants(rooms=rooms))
        standing = await adapter.check()
    told = "\n".join(standing.warnings)
    assert "it may not write in @rocks: let it send messages" in told
    assert "it may not write in @elsewhere" in told
    assert f"it may not write in {channel.id}: make it an administrator who may post messages" in told
    assert "`#log` names no chat" in told
    assert f"{old.id} has become a supergroup: write {moved.id} in its place" in told
    assert "it is not in @nobody_has_this" in told
    assert "post" not in standing.may


@pytest.mark.asyncio
async def test_a_person_is_walked_to_the_token_and_told_his_id(
    telegram_world: TelegramWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = telegram_world
    world.bot.reads_everything = False
    world.whisper("hello")
    before = world.do(lambda state: len(world.bot.queue))
    person = Person(f"  {world.bot.token}\n")
    assert issubclass(TelegramAdapter, SupportsLogin)
    with caplog.at_level(logging.DEBUG):
        found = await TelegramAdapter.login_for(person, {"base_url": world.proxy.url}, wants(Kind.MESSAGE))
    assert found.handle == "light_bot"
    assert found.secrets["token"].reveal() == world.bot.token
    assert any("@BotFather" in line and "/newbot" in line for line in person.told)
    assert f"alice has written to it and has the id {world.alice}: the owner is named by it." in found.notes
    assert any("/setprivacy" in note for note in found.notes)
    assert world.do(lambda state: len(world.bot.queue)) == before, "what was written waits for the bot"
    shown = "".join([*person.told, repr(found), *(record.getMessage() for record in caplog.records)])
    assert world.bot.token not in shown


@pytest.mark.asyncio
async def test_what_is_no_token_is_refused_and_not_repeated(telegram_world: TelegramWorld) -> None:
    for wrong in ("", "AAE-secret", "12345", "12345:short"):
        with pytest.raises(ConfigurationError, match="a number, a colon and letters") as caught:
            await TelegramAdapter.login(Person(wrong), {})
        assert not wrong or wrong not in str(caught.value)
        with pytest.raises(ConfigurationError):
            TelegramAdapter(TelegramSettings(token=Secret(wrong)), account="chat")


@pytest.mark.asyncio
async def test_a_token_that_nobody_has_is_told_as_such(telegram_world: TelegramWorld) -> None:
    person = Person(f"4711:{'A' * 35}")
    with pytest.raises(AuthenticationFailed, match="knows no bot with this token"):
        await TelegramAdapter.login(person, {"base_url": telegram_world.proxy.url})
