"""Real platform servers, each started when a test first asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bluesky_chat import ChatService
from bluesky_newcomers import Newcomers
from bluesky_people import Person, register
from bluesky_world import BlueskyWorld, a_network
from jetstream import JetstreamServer
from lexicons import Lexicons
from matrix_world import MatrixWorld, a_homeserver
from nostr_world import NostrWorld, a_relay
from running import CHECKOUT, RunningServer
from snac_people import Person as SnacPerson
from snac_people import join
from snac_world import SnacWorld, a_snac

from greenroom_adapters.testing import FaultyProxy


@pytest.fixture(scope="session")
def homeserver() -> Iterator[RunningServer]:
    """A Synapse for the whole run."""
    with a_homeserver() as server:
        yield server


@pytest.fixture
def matrix_world(homeserver: RunningServer) -> Iterator[MatrixWorld]:
    """A bot, its home room and another person on the homeserver."""
    with FaultyProxy(homeserver.facts["url"]) as proxy:
        yield MatrixWorld(homeserver.facts["url"], homeserver.facts["registration_secret"], proxy)


@pytest.fixture(scope="session")
def bluesky() -> Iterator[RunningServer]:
    """A Bluesky network for the whole run."""
    with a_network() as server:
        yield server


@pytest.fixture(scope="session")
def at_hand() -> Lexicons | None:
    """The lexicons by which stand-ins are strict; None where they are not at hand."""
    root = Path(os.environ.get("GREENROOM_SPECS", str(CHECKOUT.parent / "shared" / "specs")))
    folder = root / "bluesky" / "lexicons"
    return Lexicons(folder) if folder.is_dir() else None


@pytest.fixture(scope="session")
def chat(at_hand: Lexicons | None) -> Iterator[ChatService]:
    """A service of direct messages."""
    with ChatService(at_hand) as service:
        yield service


@pytest.fixture
def stream(at_hand: Lexicons | None) -> Iterator[JetstreamServer]:
    """A stream of everybody's posts, of which nothing is asked that is not in its lexicon."""
    with JetstreamServer(at_hand) as server:
        yield server
    assert server.wrong == []


@pytest.fixture(scope="session")
def alice(bluesky: RunningServer) -> Person:
    """Somebody whom every bot on the network meets."""
    return register(bluesky.facts["url"], "alice")


@pytest.fixture(scope="session")
def newcomers(bluesky: RunningServer) -> Iterator[Newcomers]:
    """New accounts on the network, one for each bot."""
    with Newcomers(bluesky.facts["url"]) as newcomers:
        yield newcomers


@pytest.fixture
def bluesky_world(
    bluesky: RunningServer, newcomers: Newcomers, chat: ChatService, alice: Person
) -> Iterator[BlueskyWorld]:
    """A bot and another person on the network."""
    with FaultyProxy(bluesky.facts["url"]) as proxy:
        yield BlueskyWorld(newcomers.next(), proxy, chat, alice)


@pytest.fixture(scope="session")
def snac() -> Iterator[RunningServer]:
    """A snac2 for the whole run."""
    with a_snac() as server:
        yield server


@pytest.fixture(scope="session")
def snac_alice(snac: RunningServer) -> SnacPerson:
    """A person on the snac2."""
    return join(snac.facts["url"].removesuffix(":80"), snac.facts["snac"], snac.facts["data"], "alice")


@pytest.fixture
def snac_world(snac: RunningServer, snac_alice: SnacPerson) -> Iterator[SnacWorld]:
    """A bot and another person on the snac2."""
    with FaultyProxy(snac.facts["url"]) as proxy:
        yield SnacWorld(snac.facts, proxy, snac_alice)


@pytest.fixture(scope="session")
def relay() -> Iterator[RunningServer]:
    """A nostr-relay for the whole run."""
    with a_relay() as server:
        yield server


@pytest.fixture
def nostr_world(relay: RunningServer) -> Iterator[NostrWorld]:
    """A bot and another person at the relay."""
    with FaultyProxy(relay.facts["url"]) as proxy:
        world = NostrWorld(relay, proxy)
        yield world
        world.line.close()
