"""`greenroom check` tells what posts need on their platform, before an account is signed in there."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from greenroom.settings import Platforms

HOME = "posts there need `home` on the account"
PICTURE = "posts there need a `picture`, and `media_url` on the account"
MEDIA = "posts there need a video, or a `picture` and `media_url` on the account"
TIKTOK = "platform: tiktok, client_key: k, client_secret: {env: S}, refresh_token: {env: T}"
SHELF = 'media_url: "https://bot.example/shelf"'


@pytest.fixture
def warned(home: Path, greenroom: Callable[..., Any]) -> Callable[..., list[str]]:
    """Write a bot with this account and this post; what `check` warns of about its posts."""

    def check(account: str, post: str, *options: str) -> list[str]:
        (home / "persona.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
        (home / "lamp.jpg").touch()
        (home / "bot.yaml").write_text(
            f"bot: ada\npersona: persona.yaml\naccounts: {{social: {{{account}}}}}\npost: {{at: 08:00, {post}}}\n",
            encoding="utf-8",
        )
        said = greenroom("check", *options)
        return [line for line in said.out.splitlines() if "will not appear" in line]

    return check


@pytest.mark.parametrize(
    ("account", "post", "lacks"),
    [
        ("platform: telegram, token: {env: T}", "say: hello", HOME),
        ('platform: telegram, token: {env: T}, home: "@lamp"', "say: hello", None),
        ("platform: telegram, token: {env: T}", "say: hello, in: social/lounge", None),
        ("platform: telegram, token: {env: T}", "say: hello, in: [social, social/lounge]", HOME),
        ("platform: discord, token: {env: T}", "say: hello", HOME),
        ("platform: discord, webhook: {env: T}", "say: hello", None),
        ("platform: mastodon, server: example.social, token: {env: T}", "say: hello", None),
        (f"platform: instagram, token: {{env: T}}, {SHELF}", "say: hello", PICTURE),
        ("platform: instagram, token: {env: T}", "say: hello, picture: {file: lamp.jpg, alt: a lamp}", PICTURE),
        (f"platform: instagram, token: {{env: T}}, {SHELF}", "say: hi, picture: {file: lamp.jpg, alt: a lamp}", None),
        (TIKTOK, "say: hello", MEDIA),
        (f"{TIKTOK}, {SHELF}", "say: hi, picture: {file: lamp.jpg, alt: a lamp}", None),
    ],
)
def test_a_post_that_would_not_appear_is_named_with_what_it_needs(
    warned: Callable[..., list[str]], account: str, post: str, lacks: str | None
) -> None:
    found = warned(account, post, "--offline")
    assert len(found) == (lacks is not None)
    assert all(one.startswith(f"warning: `post` will not appear on social: {lacks}") for one in found)


def test_so_is_one_on_an_account_that_cannot_be_signed_in(
    warned: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    assert len(warned("platform: telegram, token: {env: NOT_THERE}", "say: hello")) == 1


def test_each_platform_that_says_what_posts_need_names_fields_that_it_has() -> None:
    platforms = Platforms.installed()
    for adapter in map(platforms.adapter, platforms.names):
        assert adapter.posts_need_fields <= {field.name for field in fields(adapter.Settings)}
        assert bool(adapter.posts_need) is bool(adapter.posts_need_fields or adapter.posts_need_media)
