"""Owning an account: signing in, tokens that rotate, and what `check` says."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from filmed import MP4
from tiktok_server import SCOPES
from tiktok_world import TikTokWorld

from greenroom.app.standing import standing_of
from greenroom.settings import Platforms, load_bot
from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    Forbidden,
    Media,
    Post,
    PostRef,
    Secret,
    TargetGone,
    Wanted,
)
from greenroom_adapters.testing import Intent
from greenroom_adapters.tiktok import TikTokAdapter
from greenroom_adapters.transport import system_now

WorldOf = Callable[[], TikTokWorld]
PERSONA = "persona: Lamp\nwho: turns\nvoice: bright\n"
BOT = """\
bot: lamp
persona: lamp.yaml
accounts:
  stage: {platform: tiktok, client_key: awkey, client_secret: {env: A}, refresh_token: {env: B}}
answer: mentions
post: {every: 1 day, about: the light}
"""


class Person:
    """Whoever sits before the terminal, and his browser."""

    def __init__(self, world: TikTokWorld, *, answers: Mapping[str, str], lies: bool = False) -> None:
        self.world, self.answers, self.lies = world, answers, lies
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        return self.answers.get(question, default)

    async def ask_secret(self, question: str) -> Secret:
        return Secret(self.answers[question])

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        parts = urlsplit(await address("http://127.0.0.1:8790/signed-in"))
        assert parts.path == "/v2/auth/authorize/"
        query = dict(parse_qsl(parts.query))
        assert query["scope"] == SCOPES
        return {"code": self.world.server.let_in(query), "state": "another" if self.lies else query["state"]}


def person(world: TikTokWorld, **more: bool) -> Person:
    answers = {"Client key": world.server.client_key, "Client secret": world.server.client_secret}
    return Person(world, answers=answers, **more)


@pytest.mark.asyncio
async def test_a_person_says_yes_in_a_browser_and_the_account_is_signed_in(tiktok_world: WorldOf) -> None:
    world = tiktok_world()
    known = {"base_url": world.proxy.url, "login_url": "https://login.example"}
    found = await TikTokAdapter.login(person(world), known)
    assert (found.handle, found.settings["client_key"]) == ("lamp.bot", "awkey")
    assert set(found.secrets) == {"client_secret", "refresh_token"}
    assert any("audited" in note for note in found.notes)
    world.settings = replace(world.settings, refresh_token=found.secrets["refresh_token"])
    async with world.adapter() as adapter:
        assert adapter.me.handle == "lamp.bot"


@pytest.mark.asyncio
async def test_a_browser_that_comes_back_from_elsewhere_signs_nobody_in(tiktok_world: WorldOf) -> None:
    world = tiktok_world()
    known = {"base_url": world.proxy.url}
    with pytest.raises(AuthenticationFailed, match="another sign-in"):
        await TikTokAdapter.login(person(world, lies=True), known)
    wrong = person(world)
    wrong.answers = {**wrong.answers, "Client secret": "not the right one"}
    with pytest.raises(AuthenticationFailed, match="invalid_client"):
        await TikTokAdapter.login(wrong, known)
    nobody = person(world)
    nobody.answers = {**nobody.answers, "Client key": ""}
    with pytest.raises(ConfigurationError, match="client key"):
        await TikTokAdapter.login(nobody, known)


@pytest.mark.asyncio
async def test_tokens_rotate_and_the_next_start_goes_on_with_the_last(tiktok_world: WorldOf) -> None:
    world = tiktok_world()
    async with world.adapter():
        pass
    async with world.adapter() as adapter:
        world.state.all("UPDATE tokens SET ends_at = 0")
        await adapter.check()
    async with world.adapter() as adapter:
        assert adapter.me.handle == "lamp.bot"
    asked = [one.body for one in world.proxy.requests() if one.path == "/v2/oauth/token/"]
    assert len(asked) == len(set(asked)) == 2, "each refresh token is used once"
    world.state.all("UPDATE tokens SET is_spent = 1, ends_at = 0")
    with pytest.raises(AuthenticationFailed, match="greenroom login"):
        async with world.adapter():
            pass


@pytest.mark.asyncio
async def test_listening_hears_nothing_leaves_nothing_and_keeps_the_tokens_fresh(tiktok_world: WorldOf) -> None:
    world = tiktok_world()
    tasks = asyncio.all_tasks()
    async with world.adapter() as adapter:
        assert await adapter.now() == {}
        assert adapter.capabilities.kinds == frozenset()
        world.state.all("UPDATE tokens SET ends_at = 0")
        world.server.refuse("scope_not_authorized", path="/user/info/", status=403)
        async with aclosing(adapter.events(after={})) as events:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await anext(events)
    assert len([one for one in world.proxy.requests() if one.path == "/v2/oauth/token/"]) == 2
    assert asyncio.all_tasks() == tasks
    async with asyncio.timeout(5):
        while world.open_connections():
            await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_check_says_what_an_app_may_not_and_what_the_file_lacks(tiktok_world: WorldOf) -> None:
    world = tiktok_world()
    wanted = Wanted(kinds=frozenset(), posts=True, attaches=False)
    async with world.adapter(privacy="me", promotes="paid") as adapter:
        adapter.want(wanted)
        said = "\n".join((await adapter.check()).warnings)
    assert "seen by the account alone" in said
    assert "no video and no picture" in said
    assert "what somebody pays for" in said
    async with world.adapter() as adapter:
        standing = await adapter.check()
        assert standing.warnings == ()
        assert standing.may == ("post videos of up to 600 seconds", "read and count what it posted", "post pictures")
        world.server.levels = ["SELF_ONLY"]
        assert "nothing can be posted" in (await adapter.check()).warnings[0]
    world.server.levels = ["PUBLIC_TO_EVERYONE"]
    world.state.all("UPDATE tokens SET scopes = 'user.info.basic,video.publish'")
    async with world.adapter(media_url="http://127.0.0.1:9/shelf") as adapter:
        said = "\n".join((await adapter.check()).warnings)
    assert "`video.list`" in said
    assert "cannot be fetched under `media_url`" in said


@pytest.mark.asyncio
async def test_who_writes_answer_for_it_is_told_that_it_hears_nothing(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    (tmp_path / "lamp.yaml").write_text(PERSONA)
    file = tmp_path / "bot.yaml"
    file.write_text(BOT)
    bot = load_bot(file, platforms=Platforms.of(TikTokAdapter))
    async with world.adapter() as adapter:
        told = await standing_of(adapter, bot, "stage", now=system_now())
    assert any("answers nobody there: the account only posts, and hears nothing" in one for one in told.warnings)


@pytest.mark.asyncio
async def test_what_a_post_received_is_counted_under_both_of_its_names(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(MP4)
    post = Post(text="count me", media=(Media(path=str(clip), media_type="video/mp4", alt="a lamp"),))
    world.server.moderation = 60.0
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, post).next_try())
        assert receipt.ref.id.startswith("v_pub_file~")
        with pytest.raises(Forbidden, match="what everybody sees"):
            await adapter.metrics(receipt.ref)
        world.server.moderation = 0.0
        world.state.all("UPDATE posts SET comments = 3")
        row = world.state.all("SELECT * FROM posts")[0]
        assert json.loads(row["info"])["privacy_level"] == "PUBLIC_TO_EVERYONE"
        for name in (receipt.ref.id, row["id"]):
            counted = await adapter.metrics(PostRef(id=name))
            assert (counted.replies, counted.likes, counted.views) == (3, 0, 0)
        world.state.all("UPDATE posts SET deleted = 1")
        with pytest.raises(TargetGone):
            await adapter.metrics(receipt.ref)
