"""A persona that writes as its owner does on an account that he has signed in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from discord_world import RunningDiscord
from mastodon_fake import FakeMastodon
from x_server import XServer

from greenroom.personas import load_persona

HAND = [
    "Low water at six. The gulls were first at the slip again.",
    "Two boats in, one out. Nobody hurries on a Sunday.",
    "Fog until noon, then the whole bay at once.",
    "The new bollard is painted. Do not sit on it.",
    "Wind from the west, and the flags say so as well.",
    "Somebody left a red boot on the quay. It is in the office.",
    "High water at ten, the dinghies are up.",
]


@pytest.fixture
def fake() -> Iterator[FakeMastodon]:
    with FakeMastodon() as running:
        yield running


@pytest.fixture
def signed_in(home: Path, fake: FakeMastodon, monkeypatch: pytest.MonkeyPatch) -> FakeMastodon:
    """A bot file with an account on which somebody has written by hand, and answered."""
    owner, guest = fake.do(lambda state: (state.join("quay"), state.join("guest")))
    fake.do(lambda state: [state.post(owner, text) for text in HAND])
    asked = fake.do(lambda state: state.post(guest, "@quay Is it you?"))
    fake.do(lambda state: state.post(owner, "@guest It is, and this is an answer.", in_reply_to_id=asked.id))
    monkeypatch.setenv("QUAY", fake.do(lambda state: state.let_in(owner)))
    (home / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    (home / "quay-bot.yaml").write_text(
        f"bot: quay\npersona: ada.yaml\naccounts: {{social: {{platform: mastodon, server: '{fake.url}', "
        "token: {env: QUAY}, live: false}}\n",
        encoding="utf-8",
    )
    return fake


def test_what_its_owner_wrote_by_hand_is_measured_and_answers_are_not(
    greenroom: Callable[..., Any], home: Path, signed_in: FakeMastodon
) -> None:
    said = greenroom("new", "--like", "quay/social", "--name", "Halda", "--who", "a water mill")
    assert said.code == 0, said.err
    assert f"Measured from {len(HAND)} posts" in said.out
    examples = load_persona(home / "halda.yaml").examples.post
    assert set(examples) <= set(HAND)
    assert examples
    assert not (home / "data").exists(), "nothing is kept, and nothing of the bot is touched"


def test_an_account_that_there_is_not_is_told_with_those_that_there_are(
    greenroom: Callable[..., Any], signed_in: FakeMastodon
) -> None:
    said = greenroom("new", "--like", "quay/home", "--name", "Halda", "--who", "a water mill")
    assert said.code == 1
    assert "`quay` has no account `home`; it has: social" in said.err


def test_a_file_that_is_there_is_a_file_whatever_it_is_called(
    greenroom: Callable[..., Any], home: Path, signed_in: FakeMastodon
) -> None:
    (home / "quay").mkdir()
    (home / "quay" / "social").write_text("\n\n".join(HAND[:6]), encoding="utf-8")
    said = greenroom("new", "--like", "quay/social", "--name", "Halda", "--who", "a water mill")
    assert said.code == 0, said.err
    assert "Measured from 6 posts" in said.out


def bot_file(home: Path, account: str) -> None:
    (home / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    (home / "quay-bot.yaml").write_text(
        f"bot: quay\npersona: ada.yaml\naccounts: {{social: {account}}}\n", encoding="utf-8"
    )


def test_what_was_written_by_hand_in_the_rooms_of_discord_is_measured(
    greenroom: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunningDiscord() as discord:
        owner = discord.call("person", name="guest")["id"]
        bot = discord.call("bot", name="quay", owner=owner)
        guild = discord.call("guild", name="The quay", owner=owner, members=[bot["id"]])
        channel = discord.call("channel", guild=guild["id"], name="log")["id"]
        for text in HAND:
            discord.call("say", channel=channel, author=bot["id"], content=text)
        monkeypatch.setenv("QUAY", bot["token"])
        bot_file(
            home,
            f"{{platform: discord, token: {{env: QUAY}}, home: '#log', base_url: '{discord.url}/api/v10', "
            f"gateway_url: '{discord.url.replace('http', 'ws', 1)}/gateway'}}",
        )
        said = greenroom("new", "--like", "quay/social", "--name", "Halda", "--who", "a water mill")
    assert said.code == 0, said.err
    assert f"Measured from {len(HAND)} posts" in said.out


def test_where_reading_costs_money_an_archive_is_asked_for_and_nothing_is_read(
    greenroom: Callable[..., Any], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with XServer(data=tmp_path / "x.db", access="self_serve") as x:
        owner = x.state.person("quay")
        token, secret = x.state.keys_for(owner)
        keys = {"api_key": x.state.api_key, "api_secret": x.state.api_secret, "token": token, "token_secret": secret}
        for name, value in keys.items():
            monkeypatch.setenv(name.upper(), value)
        told = ", ".join(f"{name}: {{env: {name.upper()}}}" for name in keys)
        bot_file(home, f"{{platform: x, base_url: '{x.url}', {told}}}")
        said = greenroom("new", "--like", "quay/social", "--name", "Halda", "--who", "a water mill")
        assert x.calls == []
    assert said.code == 1
    assert "x charges for what is read: ask it for your archive, and measure that file" in said.err
