"""The gallery in config: each persona loads, its bot is in order, and its cases pass at any time of the week."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from feed_server import FeedServer, rss

from greenroom.app import router_of
from greenroom.generation import Refused, Voice, build_voice
from greenroom.memory import Library
from greenroom.personas import Persona, load_persona, must_agree
from greenroom.rehearsal import Become, Occasion, Pocket, prove, standing_cases, try_out
from greenroom.settings import BotFile, BuiltIn, Platforms, load_bot
from greenroom.testing import ManualClock, Trial
from greenroom_adapters.contract import Secret, Surface

GALLERY = Path(__file__).parents[3] / "config" / "gallery"
BOTS = sorted(GALLERY.glob("*-bot.yaml"))
SAMPLES = sorted([*GALLERY.glob("*.yaml"), *(GALLERY.parent / "personas").glob("*.yaml")])
PERSONAS = [path for path in SAMPLES if not path.stem.endswith(("-bot", ".script"))]


def loaded(path: Path) -> tuple[BotFile, Persona]:
    file = load_bot(path, platforms=Platforms.installed())
    persona = load_persona(file.persona)
    must_agree(file, persona)
    return file, persona


@asynccontextmanager
async def voice_of(persona: Persona, clock: ManualClock) -> AsyncGenerator[Voice, None]:
    def no_secret(*_: Any) -> Secret:
        raise AssertionError("the script has no key")

    library = Library(persona.knowledge, clock=clock)
    voice = build_voice(persona, (BuiltIn.SCRIPT,), purse=Pocket(0), resolve=no_secret, clock=clock, library=library)
    async with voice:
        yield voice


def test_there_are_five_of_different_kinds() -> None:
    assert [path.stem for path in BOTS] == ["halda-bot", "odile-bot", "pip-bot", "sheet-bot", "tock-bot"]
    files = {path.stem: loaded(path)[0] for path in BOTS}
    assert not files["odile-bot"].answer, "the poet only posts"
    assert any(rule.tell for rule in files["halda-bot"].answer), "a brand leaves some to people"
    assert files["tock-bot"].rooms, "a host has a room"


@pytest.mark.parametrize("path", BOTS, ids=lambda path: path.stem)
def test_its_bot_passes_check_without_a_key(
    path: Path, greenroom: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.endswith(("_KEY", "_TOKEN"))]:
        monkeypatch.delenv(name)
    file, persona = loaded(path)
    router_of(file, persona)
    assert len(persona.tests) >= 4
    said = greenroom("check", str(path), "--offline")
    assert said.code == 0, said.err
    assert "in order" in said.out


@pytest.mark.asyncio
@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.stem)
async def test_its_cases_pass_on_every_day_and_at_every_time_of_day(path: Path) -> None:
    persona = load_persona(path)
    clock = ManualClock()
    failed: list[str] = []
    async with voice_of(persona, clock) as voice:
        for _ in range(9):
            for case in (*persona.tests, *standing_cases(persona)):
                found = await prove(case, voice, persona, times=3)
                failed += [f"{clock.now():%a %H:%M} {case.asked or case.about or 'a post'}: {why}" for why in found.why]
            # over a week of it meets each day, and each quarter of a day
            clock.turn(timedelta(hours=21))
    assert failed == []


@pytest.mark.asyncio
@pytest.mark.parametrize("path", BOTS, ids=lambda path: path.stem)
async def test_its_posts_fit_every_platform_and_differ(path: Path) -> None:
    file, persona = loaded(path)
    platforms = Platforms.installed()
    said: set[str] = set()
    async with voice_of(persona, ManualClock()) as voice:
        for name in platforms.names:
            limits = platforms.adapter(name).usual_limits
            for entry in (entry for entry in file.post if entry.say is None):
                occasion = Occasion(
                    surface=Surface.POST,
                    seed=f"{name} {entry.name}",
                    text=entry.about,
                    platform=name,
                    limits=() if limits is None else limits.text_on(Surface.POST),
                )
                tried = await try_out(voice, persona, occasion)
                assert tried.become is Become.SAID, (name, tried.reason)
                assert tried.notes == (), "nothing had to be cut"
                said.update(tried.parts)
    if any(entry.say is None for entry in file.post):
        assert len(said) > 1


@pytest.mark.asyncio
async def test_the_digest_posts_what_its_feed_has_in_its_own_frame_with_the_link(tmp_path: Path) -> None:
    bot = (GALLERY / "sheet-bot.yaml").read_text(encoding="utf-8")
    (wire,) = [entry for entry in load_bot(GALLERY / "sheet-bot.yaml").post if entry.origin is not None]
    assert wire.origin is not None
    assert wire.origin.feed is not None
    async with FeedServer() as server:
        trial = Trial(tmp_path, clock=ManualClock(datetime(2026, 11, 23, 11, tzinfo=UTC)))
        feed = bot[bot.index("post:") : bot.index("answer:")].replace(wire.origin.feed, server.feed)
        head = "bot: sheet\npersona: sheet.yaml\naccounts: {home: {platform: scripted}}\ntimezone: UTC\n"
        trial.rewrite(feed.replace("most: 2/day", "most: 2/day, private: true"), head=head + "engines: script\n")
        for name in ("sheet.yaml", "sheet.script.yaml"):
            (tmp_path / name).write_text((GALLERY / name).read_text(encoding="utf-8"), encoding="utf-8")
        # the engine of the trial comes first, and leaves it to the script
        trial.engine.outcomes.append(Refused("not mine"))
        async with trial:
            await trial.past(lambda: bool(server.asked))
            server.body = rss(("1", "The bridge is shut on Monday", "https://town.example/1"))
            asked = len(server.asked)
            await trial.past(lambda: len(server.asked) > asked, by=timedelta(minutes=1))
            await trial.past(lambda: bool(trial.platform.posts), by=timedelta(minutes=1))
    assert trial.platform.texts == ["From the wire: The bridge is shut on Monday.\nhttps://town.example/1"]
