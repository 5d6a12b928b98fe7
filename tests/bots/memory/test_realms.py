"""Two servers that count their ids for themselves: whoever has an id on one is nobody's on the other."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from mastodon_fake import FakeMastodon
from mastodon_state import Account, State

from greenroom.app import Bot, Options
from greenroom.policy import settle_realms
from greenroom.storage import Audience, PersonFact, SqliteLedger, accounts_in, realms_of
from greenroom.testing import ManualClock, ScriptedEngine

PERSONA = """\
persona: Ada
who: keeps the lighthouse
memory: {people: [], remember: {boat: [my boat is called *]}}
"""
PATIENCE = 1200
"""Looks, a tenth of a second apart."""


class Server:
    """A server with the bot and one person, whose id is the same on every one of them."""

    def __init__(self, fake: FakeMastodon) -> None:
        self.fake = fake
        self.bot, self.iris, self.token = fake.do(self._settle)

    def _settle(self, state: State) -> tuple[Account, Account, str]:
        bot, iris = state.join("ada"), state.join("iris")
        del state.accounts[iris.id]
        iris.id = "4711"
        state.accounts[iris.id] = iris
        return bot, iris, state.let_in(bot)

    def says(self, text: str) -> None:
        self.fake.do(lambda state: state.post(self.iris, f"@ada {text}"))

    def heard(self) -> list[str]:
        return self.fake.do(lambda state: [one.text for one in state.statuses.values() if one.author is self.bot])

    async def hears(self, number: int) -> list[str]:
        for _ in range(PATIENCE):
            if len(heard := self.heard()) >= number:
                return heard
            await asyncio.sleep(0.1)
        raise TimeoutError(f"heard {self.heard()}, not {number}")


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with ExitStack() as stack:
        north, south = (stack.enter_context(FakeMastodon(f"{name}.test")) for name in ("north", "south"))
        yield Server(north), Server(south)


@pytest.mark.asyncio
async def test_what_somebody_says_on_one_server_is_known_of_nobody_on_the_other(
    tmp_path: Path, servers: tuple[Server, Server]
) -> None:
    north, south = servers
    (tmp_path / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    accounts = "\n".join(
        f"  {name}: {{platform: mastodon, server: '{one.fake.url}', token: {{env: {name.upper()}}}}}"
        for name, one in (("north", north), ("south", south))
    )
    (tmp_path / "bot.yaml").write_text(
        f"bot: ada\npersona: ada.yaml\naccounts:\n{accounts}\nanswer: mentions\nengines: hold\napprove: never\n",
        encoding="utf-8",
    )
    engine = ScriptedEngine()
    environ = {"NORTH": north.token, "SOUTH": south.token}
    async with Bot.load(tmp_path / "bot.yaml", Options(environ=environ, engines=(engine,), grace=0.0)) as bot:
        running = asyncio.create_task(bot.run())
        try:
            await _listens(bot)
            north.says("my boat is called Draco")
            await north.hears(1)
            north.says("what is it called?")
            await north.hears(2)
            south.says("what is it called?")
            await south.hears(1)
            known = [[fact.text for fact in await brief.facts()] for brief in engine.briefs]
            assert known[1:] == [["Draco"], []]
            north.says("stop")
            assert "leave you alone" in (await north.hears(3))[2]
            south.says("are you there?")
            assert "are you there" in (await south.hears(2))[1]
            ledger, platforms = bot.ledger, {"north": "mastodon", "south": "mastodon"}
            realms = await realms_of(ledger, platforms)
            assert [one.platform for one in await ledger.stopped()] == [realms["north"]]
            assert accounts_in(realms, realms["north"]) == ["north"]
            shares = [await ledger.facts_about(realms[name], "4711") for name in platforms]
            assert [len(facts) for facts in shares] == [1, 0]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def _listens(bot: Bot) -> None:
    """Wait until each account has noted where it begins: what is said before is none of its business."""
    for _ in range(PATIENCE):
        if all([await bot.ledger.cursors(name) for name in bot.desks]):
            return
        await asyncio.sleep(0.1)
    raise TimeoutError("an account does not begin to listen")


FACT = PersonFact(
    platform="mastodon",
    person="4711",
    kind="boat",
    text="Draco",
    audience=Audience.EVERYBODY,
    place="",
    account="north",
    event_id="e1",
    said=1,
)


@pytest.mark.asyncio
async def test_what_an_earlier_version_kept_by_platform_goes_to_the_server_that_it_was_heard_on(tmp_path: Path) -> None:
    platforms = {"north": "mastodon", "south": "mastodon", "stage": "stage"}
    realms = {"north": "mastodon@north.test", "south": "mastodon@south.test", "stage": "stage"}
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=ManualClock()) as ledger:
        ledger.note_fact(FACT, single=False)
        ledger.stop_speaking("mastodon", "4711", "iris", at=5)
        ledger.stop_speaking("stage", "u1", "ben", at=6)
        ledger.remember("said:mastodon/4711", "[7,7,5,0,0,5]")
        await ledger.committed()
        assert await realms_of(ledger, platforms) == platforms, "as it was, until a bot has run"
        for _ in range(2):
            await settle_realms(ledger, platforms, realms)
            assert [one.account for one in await ledger.facts_about("mastodon@north.test", "4711")] == ["north"]
            assert await ledger.facts_about("mastodon", "4711") == []
            assert await ledger.facts_about("mastodon@south.test", "4711") == []
            # on which of them he said it was not kept
            left_alone = {(one.platform, one.person, one.handle, one.at) for one in await ledger.stopped()}
            assert left_alone == {
                ("mastodon@north.test", "4711", "iris", 5),
                ("mastodon@south.test", "4711", "iris", 5),
                ("stage", "u1", "ben", 6),
            }
            assert set(await ledger.facts("said:")) == {f"said:{realms[name]}/4711" for name in ("north", "south")}
            assert await realms_of(ledger, platforms) == realms
        await settle_realms(ledger, platforms, {**realms, "north": "mastodon@moved.test"})
        assert await ledger.facts_about("mastodon@moved.test", "4711") == [], "another server, other people"
