"""What the account says on a real snac2, where a server does something of its own with it."""

from datetime import timedelta

import pytest
from snac_world import QUICK, SnacWorld

from greenroom_adapters.contract import Found, OutcomeUnknown, Post
from greenroom_adapters.mastodon import MastodonAdapter
from greenroom_adapters.testing import Intent

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]


@pytest.mark.parametrize(
    "text",
    [
        "The lamp tonight: http://example.com/lamp.png",
        "![the lamp](http://example.com/lamp.png) and a [link](http://example.com/x.jpg)",
        "see https://example.com/v.mp4 or https://example.com/page",
    ],
)
@pytest.mark.asyncio
async def test_a_post_is_recognised_although_the_server_makes_files_of_its_links(
    snac_world: SnacWorld, text: str
) -> None:
    adapter = MastodonAdapter(
        snac_world.settings,
        account="home",
        rhythm=QUICK,
        publish_deadline=timedelta(seconds=3),
        visible_within=timedelta(seconds=0.5),
    )
    async with adapter:
        intent = Intent(adapter, Post(text=text))
        await snac_world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
