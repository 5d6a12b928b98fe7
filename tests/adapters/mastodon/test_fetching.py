"""What people attach on Mastodon is fetched without the bot's token, and from nowhere in this house."""

import asyncio
from contextlib import aclosing

import pytest
from house import house
from mastodon_state import Attachment, State
from mastodon_world import MastodonWorld

from greenroom_adapters.contract import AdapterError, MentionReceived, RemoteMedia, TargetGone


@pytest.mark.asyncio
async def test_the_file_of_a_mention_is_fetched_without_signing_in(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world

    def attached(state: State) -> str:
        made = Attachment(state.new_id(), world.alice.id, "image", "the sea", state.now())
        state.media[made.id] = made
        return made.id

    name = world.do(attached)
    world.fake.files[name] = b"the bytes of the sea"
    async with world.adapter() as adapter, aclosing(adapter.events(after=dict(await adapter.now()))) as events:
        world.say("@lightbot mono", media_ids=[name])
        async with asyncio.timeout(20):
            event = await anext(one async for one in events if isinstance(one, MentionReceived))
        (sent,) = event.media
        assert await adapter.fetch(sent, most=20) == b"the bytes of the sea"
        with pytest.raises(AdapterError):
            await adapter.fetch(sent, most=19)
        with pytest.raises(TargetGone):
            await adapter.fetch(RemoteMedia(url=sent.url.replace(name, "0"), media_type="image/*"), most=1_000)


@pytest.mark.asyncio
async def test_nothing_is_fetched_from_this_house(mastodon_world: MastodonWorld) -> None:
    async with mastodon_world.adapter() as adapter, house() as other:
        with pytest.raises(AdapterError, match="not public"):
            await adapter.fetch(RemoteMedia(url=f"{other.url}/a.png", media_type="image/png"), most=1_000)
        assert other.visits == 0
