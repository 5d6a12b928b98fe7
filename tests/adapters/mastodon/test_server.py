"""What a server is by its own account."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from greenroom_adapters.contract import CountingRule, IdempotencyKind, Kind, Surface, Visibility
from greenroom_adapters.mastodon.server import Server
from greenroom_adapters.mastodon.wire import INSTANCES


def server(address: str = "https://a.example", **told: Any) -> Server:
    return Server.of(INSTANCES.decode(msgspec.json.encode(told)), address=address)


@pytest.mark.parametrize(
    ("version", "honours"),
    [
        ("4.7.0", True),
        ("4.5.0-alpha.1", True),
        ("4.4.3+glitch", True),
        ("4.4+hometown-123", False),  # without its third number: not known
        ("4.3.1+hometown-1.1.1", True),
        ("3.5.3", True),
        ("2.7.2 (compatible; Pleroma 2.6.0)", False),
        ("2.7.2 (compatible; Akkoma 3.13)", False),
        ("4.0.0 (not true; really snac/2.75)", False),
        ("0.17.3+git-abc1234", False),
        ("0.19.1 abc1234", False),
        ("4.2.1 (compatible; Iceshrimp 2025.1)", False),
        ("3.5.3 (compatible; Pixelfed 0.12.4)", False),
        ("takahe/0.11.0", False),
        ("", False),
    ],
)
def test_keys_are_trusted_only_where_the_code_is_mastodons(version: str, honours: bool) -> None:
    idempotency = server(version=version).capabilities().idempotency
    assert (idempotency.kind is IdempotencyKind.KEYED) == honours
    assert idempotency.window == (timedelta(hours=1) if honours else None)


def test_a_try_is_settled_when_it_is_given_up_and_visible() -> None:
    told = server(version="4.7.0").capabilities()
    assert told.settles_after > told.publish_deadline
    assert told.surfaces == {Surface.POST, Surface.REPLY, Surface.DIRECT_MESSAGE}


def test_what_a_server_does_not_say_is_as_mastodon_has_it() -> None:
    limits = server(version="4.7.0").capabilities().limits
    assert [(limit.length, limit.rule) for limit in limits.text] == [(500, CountingRule.URLS_AS_23)]
    assert limits.media is not None
    assert (limits.media.count, limits.media.alt_length) == (4, 1500)
    assert limits.poll is None


def test_limits_are_read_from_the_server() -> None:
    limits = (
        server(
            version="4.7.0",
            configuration={
                "statuses": {"max_characters": 1000, "max_media_attachments": 6, "characters_reserved_per_url": 23},
                "media_attachments": {
                    "supported_mime_types": ["image/png", "video/mp4", "audio/ogg"],
                    "image_size_limit": 1000,
                    "image_matrix_limit": 50,
                    "video_size_limit": 2000,
                    "video_matrix_limit": 60,
                    "description_limit": 700,
                },
                "polls": {
                    "max_options": 5,
                    "max_characters_per_option": 25,
                    "min_expiration": 60,
                    "max_expiration": 600,
                },
            },
        )
        .capabilities()
        .limits
    )
    assert limits.text[0].length == 1000
    assert limits.media is not None
    assert (limits.media.count, limits.media.bytes, limits.media.pixels, limits.media.alt_length) == (6, 1000, 50, 700)
    assert limits.media.types == {"image/png", "video/mp4"}
    assert limits.media.clip is not None
    assert (limits.media.clip.bytes, limits.media.clip.pixels) == (2000, 60)
    assert limits.poll is not None
    assert (limits.poll.options, limits.poll.option_length) == (5, 25)
    assert (limits.poll.shortest, limits.poll.longest) == (timedelta(minutes=1), timedelta(minutes=10))


@pytest.mark.parametrize(
    ("version", "reserved", "rule"),
    [
        ("4.7.0", 23, CountingRule.URLS_AS_23),
        ("4.7.0", None, CountingRule.URLS_AS_23),
        ("4.7.0+fork", 40, CountingRule.CODE_POINTS),  # short links count as more than they have
        ("0.17.0+git-1", 25, CountingRule.CODE_POINTS),  # what it says of links it does not count by
        ("2.7.2 (compatible; Pleroma 2.6.0)", None, CountingRule.CODE_POINTS),
    ],
)
def test_each_server_counts_in_its_own_way(version: str, reserved: int | None, rule: CountingRule) -> None:
    configuration = {"statuses": {"max_characters": 500, "characters_reserved_per_url": reserved}}
    assert server(version=version, configuration=configuration).capabilities().limits.text[0].rule is rule


def test_a_limit_without_sense_is_cut_to_what_people_read() -> None:
    configuration = {"statuses": {"max_characters": 100_000}}
    told = server(version="4.0.0 (not true; really snac/2.75)", configuration=configuration)
    assert told.capabilities().limits.text[0].length == 10_000


@pytest.mark.parametrize(
    ("address", "told", "streams"),
    [
        ("https://a.example", {"configuration": {"urls": {"streaming": "wss://s.a.example"}}}, "https://s.a.example"),
        ("https://a.example", {"urls": {"streaming_api": "wss://a.example"}}, "https://a.example"),
        ("https://a.example", {}, "https://a.example"),
        ("https://a.example", {"configuration": {"urls": {"streaming": "ws://s.a.example"}}}, None),
        ("https://a.example", {"configuration": {"urls": {"streaming": "ftp://a.example"}}}, None),
        ("http://127.0.0.1:9", {"configuration": {"urls": {"streaming": "ws://127.0.0.1:8"}}}, "http://127.0.0.1:8"),
    ],
)
def test_the_token_goes_to_no_stream_without_encryption(
    address: str, told: dict[str, Any], streams: str | None
) -> None:
    assert server(address, version="4.7.0", **told).streaming == streams


def test_quotes_are_of_mastodon_4_5_and_own_posts_of_servers_whose_ids_are_in_order() -> None:
    assert not server(version="4.4.9").capabilities().quotes
    told = server(version="4.5.0").capabilities()
    assert told.quotes
    assert {Kind.QUOTE, Kind.OWN_POST} <= told.kinds
    assert Kind.OWN_POST not in server(version="0.17.0+git-1").capabilities().kinds


def test_deletions_and_edits_are_told_only_while_they_happen() -> None:
    told = server(version="4.7.0").capabilities()
    assert told.live_only == {Kind.DELETION, Kind.EDIT}
    snac = server(version="4.0.0 (not true; really snac/2.75)").capabilities()
    assert not {Kind.DELETION, Kind.EDIT} & snac.kinds
    assert snac.live_only == set()
    assert snac.visibilities == {Visibility.PUBLIC}
