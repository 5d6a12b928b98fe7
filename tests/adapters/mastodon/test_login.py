"""How a person gets an access token, on a strict fake of Mastodon."""

import logging

import pytest
from clerks import Visitor
from mastodon_world import MastodonWorld
from typing_extensions import override

from greenroom_adapters.contract import AuthenticationFailed, ConfigurationError, Post, SupportsLogin, Unavailable
from greenroom_adapters.mastodon import MastodonAdapter, MastodonSettings
from greenroom_adapters.mastodon.login import NEEDED, address_of
from greenroom_adapters.testing import Intent

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("asks_first", [False, True])
@pytest.mark.asyncio
async def test_a_person_says_yes_and_the_bot_can_post(
    mastodon_world: MastodonWorld, asks_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world = mastodon_world
    visitor = Visitor(world.fake.url, "lightbot", answers={"server": world.proxy.url}, asks_first=asks_first)
    with caplog.at_level(logging.DEBUG):
        found = await MastodonAdapter.login(visitor, {})
    assert found.settings == {"server": world.proxy.url}
    assert found.handle == "lightbot"
    assert any("mark" in note for note in found.notes)
    assert any("rules" in note for note in found.notes)
    token = found.secrets["token"]
    settings = MastodonSettings(server=found.settings["server"], token=token)
    async with MastodonAdapter(settings, account="home") as adapter:
        await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
        assert not any("scope" in warning or "token" in warning for warning in (await adapter.check()).warnings)
    scopes = world.do(lambda state: state.tokens[token.reveal()][1])
    assert set(scopes.split()) == set(NEEDED)
    shown = "".join([*visitor.told, repr(found), *(record.getMessage() for record in caplog.records)])
    assert token.reveal() not in shown


@pytest.mark.asyncio
async def test_what_stands_in_the_file_is_not_asked_for(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    visitor = Visitor(world.fake.url, "lightbot")
    await MastodonAdapter.login(visitor, {"server": world.proxy.url})
    assert not any("On which server" in line for line in visitor.told)
    assert any("as the bot, not as yourself" in line for line in visitor.told)


@pytest.mark.asyncio
async def test_a_person_who_says_no_is_told_what_came_of_it(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    with pytest.raises(AuthenticationFailed, match="denied"):
        await MastodonAdapter.login(Visitor(world.fake.url), {"server": world.proxy.url})


class Stranger(Visitor):
    """Comes back with the answer to another question."""

    @override
    async def decide(self, page: str) -> dict[str, str]:
        return {**await super().decide(page), "state": "somebody else's"}


@pytest.mark.asyncio
async def test_an_answer_to_another_question_is_not_taken(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    with pytest.raises(AuthenticationFailed, match="another question"):
        await MastodonAdapter.login(Stranger(world.fake.url, "lightbot"), {"server": world.proxy.url})


class Thief(Visitor):
    """Comes back with a code that the server never gave."""

    @override
    async def decide(self, page: str) -> dict[str, str]:
        return {**await super().decide(page), "code": "stolen"}


@pytest.mark.asyncio
async def test_a_code_that_the_server_does_not_know_gives_no_token(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    with pytest.raises(AuthenticationFailed, match="invalid_grant"):
        await MastodonAdapter.login(Thief(world.fake.url, "lightbot"), {"server": world.proxy.url})


@pytest.mark.asyncio
async def test_a_server_that_is_none_is_said_to_be_none(mastodon_world: MastodonWorld) -> None:
    with pytest.raises(Unavailable):
        await MastodonAdapter.login(Visitor("", "lightbot"), {"server": "http://127.0.0.1:9"})
    with pytest.raises(ConfigurationError):
        await MastodonAdapter.login(Visitor("", "lightbot", answers={"server": "not a server"}), {})


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("mastodon.example", "https://mastodon.example"),
        ("https://Mastodon.example/", "https://mastodon.example"),
        ("@ada@mastodon.example", "https://mastodon.example"),
        ("https://mastodon.example/@ada", "https://mastodon.example"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
    ],
)
def test_a_server_is_known_by_whatever_people_write(written: str, address: str) -> None:
    assert address_of(written) == address


@pytest.mark.parametrize("written", ["", "ftp://mastodon.example", "two words", "https://"])
def test_what_is_no_server_is_refused(written: str) -> None:
    with pytest.raises(ConfigurationError):
        address_of(written)


def test_the_adapter_is_one_that_signs_people_in() -> None:
    assert isinstance(MastodonAdapter, SupportsLogin)


@pytest.mark.asyncio
async def test_a_server_that_cannot_be_reached_is_not_called_another_kind_of_server() -> None:
    with pytest.raises(Unavailable) as failed:
        await MastodonAdapter.login(Visitor("http://127.0.0.1:9"), {"server": "http://127.0.0.1:9"})
    assert "as Mastodon does" not in str(failed.value)
    assert "127.0.0.1" in str(failed.value)
