"""An account that only posts, through the webhook of a channel."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from discord_world import RunningDiscord
from webhook_world import WebhookWorld

from greenroom.app import Bot, Options
from greenroom.app.standing import standing_of
from greenroom.settings import Platforms, load_bot
from greenroom.storage import State
from greenroom_adapters.contract import (
    Adapter,
    AuthenticationFailed,
    ConfigurationError,
    Embed,
    IdempotencyKind,
    Metrics,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    Secret,
    SupportsCommands,
    SupportsDelete,
    SupportsEdit,
    SupportsMetrics,
    SupportsReact,
    SupportsTyping,
    Surface,
    TargetGone,
    Undecided,
    Unsupported,
)
from greenroom_adapters.discord import DiscordAdapter
from greenroom_adapters.discord.webhook import WebhookAdapter
from greenroom_adapters.testing import FaultyProxy, Intent
from greenroom_adapters.testing.conformance.tools import wait_until

THREAD, FORUM = 11, 15


async def post(adapter: Adapter, what: Post, *, key: str = "k1") -> str:
    return (await adapter.publish(Intent(adapter, what, key=key).next_try())).ref.id


@pytest.mark.asyncio
async def test_the_address_alone_makes_an_account_that_posts_and_hears_nothing(webhook_world: WebhookWorld) -> None:
    world = webhook_world
    async with world.adapter() as adapter:
        assert isinstance(adapter, WebhookAdapter)
        can = adapter.capabilities
        assert not can.kinds
        assert can.surfaces == {Surface.POST, Surface.CHAT}
        assert can.idempotency.kind is IdempotencyKind.NONE
        assert adapter.me.handle == "Post"
        assert await adapter.now() == {}
        assert isinstance(adapter, SupportsDelete | SupportsEdit | SupportsMetrics)
        for ability in (SupportsCommands, SupportsReact, SupportsTyping):
            assert not isinstance(adapter, ability)
        ref = await post(adapter, Post(text="High water. @everyone <@1>", embed=Embed(title="Tides")))
    (said,) = await world.said()
    assert ref == f"{world.channel}/{said['id']}"
    assert (said["mentions"], said["mention_everyone"]) == ([], False)
    assert said["author"]["username"] == "Post"
    assert [embed["title"] for embed in said["embeds"]] == ["Tides"]


@pytest.mark.asyncio
async def test_posts_are_shown_under_the_name_and_the_picture_that_the_owner_gives(webhook_world: WebhookWorld) -> None:
    world = webhook_world
    async with world.adapter(name="Ada of the Rocks", avatar="https://pictures.example/ada.png") as adapter:
        assert adapter.me.name == "Ada of the Rocks"
        await post(adapter, Post(text="Lamp lit."))
    (said,) = await world.said()
    assert said["author"]["username"] == "Ada of the Rocks"
    assert said["avatar_url"] == "https://pictures.example/ada.png"


@pytest.mark.asyncio
async def test_a_post_goes_to_a_thread_and_is_edited_counted_and_deleted_there(webhook_world: WebhookWorld) -> None:
    world = webhook_world
    made = [
        world.discord.call("channel", guild=world.guild["id"], name=name, type=THREAD, parent=world.channel)["id"]
        for name in ("one", "two")
    ]
    async with world.adapter(thread=made[0]) as adapter:
        refs = [
            await post(adapter, Post(text="in one"), key="k1"),
            await post(adapter, Post(text="in two", room=made[1]), key="k2"),
        ]
        assert [said["channel"]["id"] for said in await world.said()] == made
        assert isinstance(adapter, WebhookAdapter)
        for ref in refs:
            await adapter.edit(PostRef(id=ref), "new words")
            world.discord.call("react", message=ref.partition("/")[2], user=world.alice, emoji="\N{SPARKLES}")
            assert await adapter.metrics(PostRef(id=ref)) == Metrics(likes=1)
        assert [said["content"] for said in await world.said()] == ["new words", "new words"]
        for ref in (*refs, *refs):
            await adapter.delete(PostRef(id=ref))
        with pytest.raises(TargetGone):
            await adapter.edit(PostRef(id=refs[0]), "too late")
    assert await world.said() == []


@pytest.mark.asyncio
async def test_in_a_forum_each_post_begins_a_thread_with_its_tags(discord: RunningDiscord) -> None:
    with FaultyProxy(discord.url) as proxy:
        world = WebhookWorld(discord, proxy, type=FORUM)
        async with world.adapter() as adapter:
            with pytest.raises(PostRejected, match="`forum: true`"):
                await post(adapter, Post(text="Lamp lit."))
        tags = discord.call("tags", channel=world.channel, tags=[{"name": "News"}], required=True)["tags"]
        async with world.adapter(forum=True, tags=(tags[0]["id"],)) as adapter:
            ref = await post(adapter, Post(text="High water\n\nAt 18:02."))
            await post(adapter, Post(text="Once more.", room=ref.partition("/")[0]), key="k2")
        first, second = await world.said()
    assert (first["channel"]["name"], first["content"]) == ("High water", "At 18:02.")
    assert first["channel"]["applied_tags"] == [tags[0]["id"]]
    assert ref == f"{first['channel']['id']}/{first['id']}"
    assert (second["channel"]["id"], second["content"]) == (first["channel"]["id"], "Once more.")


@pytest.mark.asyncio
async def test_a_channel_that_is_no_forum_says_so(webhook_world: WebhookWorld) -> None:
    async with webhook_world.adapter(forum=True) as adapter:
        with pytest.raises(PostRejected, match="leave `forum: true` out"):
            await post(adapter, Post(text="Lamp lit."))
    async with webhook_world.adapter(thread="12345") as adapter:
        with pytest.raises(TargetGone):
            await post(adapter, Post(text="Lamp lit."))


@pytest.mark.asyncio
async def test_what_became_of_a_lost_answer_is_never_guessed(webhook_world: WebhookWorld) -> None:
    world = webhook_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="Lamp lit."))
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        verdict = await adapter.find(intent.grow_old(timedelta(hours=1)))
    assert isinstance(verdict, Undecided)
    assert verdict.final
    assert len(await world.said()) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["deleted", "another token"])
async def test_a_webhook_that_is_gone_is_told_with_its_mend_when_it_posts_and_while_it_waits(
    webhook_world: WebhookWorld, how: str
) -> None:
    world = webhook_world
    async with world.connect() as adapter:
        if how == "deleted":
            await world.revoke_token()
            with pytest.raises(AuthenticationFailed, match="make a new one"):
                await post(adapter, Post(text="Lamp lit."))
            async with asyncio.timeout(20), aclosing(adapter.events(after={})) as events:
                with pytest.raises(AuthenticationFailed, match="make a new one"):
                    await anext(events)
    if how == "another token":
        wrong = Secret(f"{world.address[:-5]}wrong")
        with pytest.raises(AuthenticationFailed, match="make a new one"):
            await world.adapter(webhook=wrong).__aenter__()


@pytest.mark.asyncio
async def test_it_answers_nobody_and_knows_no_room_by_its_name(webhook_world: WebhookWorld) -> None:
    async with webhook_world.adapter() as adapter:
        for what in (
            Post(text="hi", in_reply_to=PostRef(id="1/2")),
            Post(text="hi", direct_to="1"),
            Post(text="hi", room="#news"),
        ):
            with pytest.raises(Unsupported):
                adapter.prepare(what, key="k")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"webhook": Secret("https://discord.com/channels/1/2")}, "is no address of a webhook: copy it"),
        ({"token": Secret("abc")}, "keep one of them"),
        ({"webhook": None}, "it needs the `token` of a bot"),
        ({"webhook": None, "token": Secret("abc"), "name": "Ada"}, "`name` goes with a `webhook`"),
        ({"webhook": None, "token": Secret("abc"), "forum": True}, "`forum` goes with a `webhook`"),
        ({"home": "#log"}, "`home` is for a bot"),
        ({"servers": ("1",)}, "`servers` is for a bot"),
        ({"commands": False}, "`commands` is for a bot"),
        ({"gateway_url": "wss://g.example"}, "`gateway_url` is for a bot"),
        ({"thread": "1", "forum": True}, "keep one of them"),
        ({"thread": "#log"}, "`thread` is the id of a thread"),
        ({"tags": ("1",)}, "write `forum: true`"),
        ({"tags": ("News",), "forum": True}, "by their ids alone"),
        ({"name": "n" * 81}, "has 81 characters, and 80 are possible"),
        ({"name": "My Discord bot"}, "no webhook may be called"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_mend(
    webhook_world: WebhookWorld, changed: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        webhook_world.adapter(**changed)
    assert words in str(refused.value)
    assert webhook_world.hook["token"] not in str(refused.value)


FILE = """\
bot: ada
persona: ada.yaml
timezone: UTC
accounts: {{news: {{platform: discord, webhook: {{env: HOOK}}, base_url: "{url}/api/v10"}}}}
answer: mentions
post: {{name: log, every: 1 second, say: Lamp lit.}}
approve: never
limits: {{posts: 1/day}}
"""


@pytest.mark.asyncio
async def test_a_bot_posts_through_it_and_parks_what_it_cannot_look_up(
    webhook_world: WebhookWorld, tmp_path: Path
) -> None:
    world = webhook_world
    (tmp_path / "bot.yaml").write_text(FILE.format(url=world.proxy.url), encoding="utf-8")
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    options = Options(environ={"HOOK": world.address}, platforms=Platforms.of(DiscordAdapter), grace=0.0)
    await world.lose_next_answer()
    async with Bot.load(tmp_path / "bot.yaml", options) as bot:
        task = asyncio.create_task(bot.run())
        try:

            async def parked() -> bool:
                return bool(await bot.ledger.turns(states=(State.UNKNOWN,)))

            await wait_until(parked, "what may have gone out is left to a person", patience=60)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        turns = await bot.ledger.turns()
    tries = [part.number for turn in turns for part in turn.outbox if part.number]
    assert set(tries) == {1}, "nothing is sent again"
    assert len(await world.said()) <= len(tries)
    assert all(world.hook["token"] not in repr(turn) for turn in turns)
    file = load_bot(tmp_path / "bot.yaml", platforms=Platforms.of(DiscordAdapter))
    async with world.adapter() as adapter:
        warnings = (await standing_of(adapter, file, "news", now=datetime.now(UTC))).warnings
    assert any("hears nothing" in warning for warning in warnings)
