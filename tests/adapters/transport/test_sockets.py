"""Which addresses that somebody else wrote are connected to."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from greenroom_adapters.contract import Unavailable
from greenroom_adapters.transport import Effect, Http, public_socket
from greenroom_adapters.transport.sockets import is_public_address

pytestmark = pytest.mark.timeout(30)


class House:
    """A server on this machine."""

    port: int
    visits: int = 0


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    """Return a server that counts its visitors and has nothing for them."""
    house = House()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        house.visits += 1
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        house.port = server.sockets[0].getsockname()[1]
        yield house


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "localhost", "0.0.0.0"])  # noqa: S104 - visited, not listened to
@pytest.mark.asyncio
async def test_a_house_is_visited_by_nobody_who_goes_to_public_addresses_alone(host: str, house: House) -> None:
    async with Http(f"http://{host}:{house.port}", platform="p", account="a") as http:
        await http.call("GET", "/", effect=Effect.REPEATABLE)
    assert house.visits == 1
    async with Http(f"http://{host}:{house.port}", platform="p", account="a", sockets=public_socket) as http:
        with pytest.raises(Unavailable, match="not public"):
            await http.call("GET", "/", effect=Effect.REPEATABLE)
        with pytest.raises(Unavailable, match="not public"):
            await http.open_websocket("/", query={}, heartbeat=None, message_cap=1000)
    assert house.visits == 1


@pytest.mark.parametrize("host", ["127.1", "0177.0.0.1", "2130706433", "[::ffff:127.0.0.1]"])
@pytest.mark.asyncio
async def test_an_odd_form_of_an_address_leads_no_further(host: str, house: House) -> None:
    async with Http(f"http://{host}:{house.port}", platform="p", account="a", sockets=public_socket) as http:
        with pytest.raises(Unavailable):
            await http.open_websocket("/", query={}, heartbeat=None, message_cap=1000)
    assert house.visits == 0


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - judged, not listened to
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("64:ff9b:1::7f00:1", False),
        ("::7f00:1", False),
        ("::ffff:0:7f00:1", False),
        ("fec0::1", False),
    ],
)
def test_an_address_is_public_when_it_is_one_machine_on_the_internet(address: str, is_public: bool) -> None:
    assert is_public_address(address) is is_public
