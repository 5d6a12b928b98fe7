"""How an account's token is had and renewed, and what its owner is told of it before it runs."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from owner import Drawer, Person
from ports import free_port
from threads_world import ThreadsWorld

from greenroom.settings import Platforms, load_bot
from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    Forbidden,
    Kind,
    PostRef,
    Secret,
    TargetGone,
    Wanted,
)
from greenroom_adapters.threads import ThreadsAdapter, ThreadsSettings

WorldOf = Callable[..., ThreadsWorld]
POSTS = Wanted(kinds=frozenset({Kind.REPLY}), posts=True, attaches=True)


@pytest.mark.asyncio
async def test_the_token_of_the_dashboard_is_asked_for_and_tried(threads_world: WorldOf) -> None:
    world = threads_world()
    person = Person(world.settings.token.reveal(), "")
    found = await ThreadsAdapter.login(person, {"base_url": world.proxy.url})
    assert {*found.settings, *found.secrets} <= {field.name for field in fields(ThreadsSettings)}
    assert (found.handle, set(found.secrets)) == ("lamp.bot", {"token"})
    assert any("threads_manage_mentions" in text for text in person.told)
    assert any("media_url" in note for note in found.notes)
    secrets: dict[str, Any] = dict(found.secrets)
    settings: dict[str, Any] = dict(found.settings)
    async with ThreadsAdapter(ThreadsSettings(**secrets, **settings), account="words") as adapter:
        assert adapter.me.id == world.bot
    with pytest.raises(AuthenticationFailed):
        await ThreadsAdapter.login(Person("THnobody", ""), {"base_url": world.proxy.url})


@pytest.mark.asyncio
async def test_a_token_is_renewed_in_time_and_the_next_start_goes_on_with_the_new_one(threads_world: WorldOf) -> None:
    world, drawer = threads_world(), Drawer()

    async def started(now: datetime) -> list[str]:
        adapter = ThreadsAdapter(world.settings, account="words", now=lambda: now)
        adapter.keep_in(drawer)
        async with adapter:
            await adapter.now()
        return [json.loads(value)["token"] for value in drawer.kept.values()]

    now = datetime.now(UTC)
    (first,) = await started(now)
    assert first != world.settings.token.reveal()
    world.state.all("DELETE FROM tokens WHERE token = ?", world.settings.token.reveal())
    assert await started(now + timedelta(days=29)) == [first], "it is good for long"
    (second,) = await started(now + timedelta(days=31))
    assert second != first
    with pytest.raises(AuthenticationFailed):
        await started(now + timedelta(days=120))  # nobody ran it for so long


@pytest.mark.asyncio
async def test_check_tells_the_limits_and_tries_the_way_of_the_pictures(threads_world: WorldOf) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        adapter.want(POSTS)
        standing = await adapter.check()
    assert standing.warnings == ()
    assert "post (0 of 50 in 24 hours are used)" in standing.may
    assert "answer mentions and replies (0 of 1000 in 24 hours are used)" in standing.may
    async with world.adapter(media_url=f"http://127.0.0.1:{free_port()}/shelf") as adapter:
        (warning,) = (await adapter.check()).warnings
    assert "cannot be fetched under `media_url`" in warning
    async with world.adapter(media_url="") as adapter:
        adapter.want(POSTS)
        (warning,) = (await adapter.check()).warnings
    assert "`media_url`" in warning


@pytest.mark.asyncio
async def test_check_names_the_permissions_that_lack(threads_world: WorldOf) -> None:
    world = threads_world()
    token = world.state.token_for(world.bot, scopes=["threads_basic"])
    async with world.adapter(token=Secret(token)) as adapter:
        told = " ".join((await adapter.check()).warnings)
    for words in ("cannot read mentions", "threads_content_publish", "threads_manage_replies"):
        assert words in told


@pytest.mark.asyncio
async def test_what_the_account_does_beside_posting(threads_world: WorldOf) -> None:
    world = threads_world()
    theirs = await world.post_of_somebody("share me")
    async with world.adapter() as adapter:
        await adapter.repost(theirs)
        counted = await adapter.metrics(theirs)
        assert (counted.reposts, counted.replies, counted.views) == (1, 0, 7)
        for broken in (PostRef(id="dm/1"), PostRef(id="1/2"), PostRef(id="")):
            for act in (adapter.repost, adapter.delete, adapter.metrics):
                with pytest.raises(TargetGone):
                    await act(broken)
        await adapter.delete(PostRef(id="4711"))  # there is none any more
        with pytest.raises(Forbidden):
            await adapter.delete(theirs)


def test_settings_out_of_bounds_are_refused(threads_world: WorldOf) -> None:
    world = threads_world()
    for changed in ({"look_every": 0}, {"posts_watched": 0}, {"posts_watched": 101}, {"media_url": "bot.example"}):
        with pytest.raises(ConfigurationError, match=next(iter(changed))):
            world.adapter(**changed)


def test_the_platform_stands_where_a_platform_does_and_a_room_that_says_threads_is_still_told(tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    bot = tmp_path / "bot.yaml"
    platforms = Platforms.of(ThreadsAdapter)
    account = "{platform: threads, token: {env: T}, live: false}"
    text = f"bot: ada\npersona: ada.yaml\naccounts: {{threads: {account}}}\nanswer: mentions\n"
    bot.write_text(text, encoding="utf-8")
    read = load_bot(bot, platforms=platforms)
    assert list(read.accounts) == ["threads"]
    bot.write_text(f"{text}rooms: {{help: {{is: [threads/help], threads: true}}}}\n", encoding="utf-8")
    with pytest.raises(Exception, match="threads"):
        load_bot(bot, platforms=platforms)
