"""Where an account's tokens may travel, as its identity says."""

import json

import msgspec
import pytest

from greenroom_adapters.bluesky import BlueskySettings
from greenroom_adapters.bluesky.session import named_data_server
from greenroom_adapters.bluesky.wire import SESSIONS
from greenroom_adapters.contract import Secret


@pytest.mark.parametrize(
    ("server", "document", "named"),
    [
        ("https://bsky.social", {"service": [{"id": "#atproto_pds", "serviceEndpoint": "https://pds.example"}]}, True),
        ("https://bsky.social", {"service": [{"id": "#atproto_pds", "serviceEndpoint": "http://pds.example"}]}, False),
        ("http://localhost:1", {"service": [{"id": "#atproto_pds", "serviceEndpoint": "http://pds.example"}]}, True),
        ("https://bsky.social", {"service": [{"id": "#labeler", "serviceEndpoint": "https://pds.example"}]}, False),
        ("https://bsky.social", {"service": [{"id": "#atproto_pds", "serviceEndpoint": {"a": 1}}]}, False),
        ("https://bsky.social", {"service": "nonsense"}, False),
        ("https://bsky.social", {}, False),
    ],
)
def test_tokens_travel_only_where_they_are_as_safe(server: str, document: object, named: bool) -> None:
    answer = {"did": "did:plc:a", "handle": "a.test", "accessJwt": "a", "refreshJwt": "b", "didDoc": document}
    session = SESSIONS.decode(json.dumps(answer))
    settings = BlueskySettings(handle="a.test", password=Secret("x"), server=server)
    assert (named_data_server(session, settings) is not None) is named


def test_a_session_without_its_tokens_is_none() -> None:
    with pytest.raises(msgspec.ValidationError):
        SESSIONS.decode('{"did": "did:plc:a", "handle": "a.test"}')
