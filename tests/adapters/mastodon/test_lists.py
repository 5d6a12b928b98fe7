"""Reading a list of the server without a gap, whatever its pages are like."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from greenroom_adapters.mastodon.lists import Fetch, newest, since_moment, unread
from greenroom_adapters.transport import AnswerTooLarge

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def entry(number: int) -> msgspec.Raw:
    made = BEGIN + timedelta(minutes=number)
    return msgspec.Raw(msgspec.json.encode({"id": str(number), "created_at": made}))


def served(numbers: Sequence[int], *, most: int, oldest_first: bool, asked: list[str] | None = None) -> Fetch:
    """Return a list as Mastodon serves it (`min_id` gives the oldest) or as others do (always the newest)."""

    async def fetch(above: str | None, below: str | None, limit: int) -> tuple[msgspec.Raw, ...]:
        if asked is not None:
            asked.append(f"{above}..{below}")
        found = [
            number
            for number in sorted(numbers)
            if (above is None or number > int(above)) and (below is None or number < int(below))
        ]
        size = min(limit, most)
        page = found[:size] if oldest_first and above is not None else found[-size:]
        return tuple(entry(number) for number in reversed(page))

    return fetch


async def ids(fetch: Fetch, low: str) -> list[int]:
    return [int(msgspec.json.decode(raw)["id"]) async for raw in unread(fetch, low)]


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.parametrize("most", [15, 40, 80])
@pytest.mark.parametrize("count", [0, 1, 14, 15, 16, 80, 81, 333])
@pytest.mark.asyncio
async def test_every_entry_comes_once_and_in_order(count: int, most: int, oldest_first: bool) -> None:
    numbers = [1000 + 3 * number for number in range(count)]
    fetch = served(numbers, most=most, oldest_first=oldest_first)
    assert await ids(fetch, "0") == numbers
    assert await ids(fetch, "1100") == [number for number in numbers if number > 1100]


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.asyncio
async def test_what_comes_while_it_is_read_is_read_as_well(oldest_first: bool) -> None:
    numbers = list(range(1, 101))
    fetch = served(numbers, most=40, oldest_first=oldest_first)
    seen: list[int] = []
    async for raw in unread(fetch, "0"):
        seen.append(int(msgspec.json.decode(raw)["id"]))
        if len(seen) == 50:
            numbers.extend(range(101, 161))
    assert seen == list(range(1, 161))


@pytest.mark.asyncio
async def test_a_short_list_is_one_request() -> None:
    asked: list[str] = []
    assert await ids(served(range(5, 9), most=80, oldest_first=True, asked=asked), "6") == [7, 8]
    assert asked == ["6..None"]


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.asyncio
async def test_pages_that_are_too_large_are_read_by_smaller_ones_and_one_entry_is_stepped_over(
    oldest_first: bool,
) -> None:
    numbers = list(range(1, 101))
    sizes = {number: 30 if 20 <= number < 60 else 1 for number in numbers} | {40: 1000}
    serve = served(numbers, most=40, oldest_first=oldest_first)

    async def fetch(above: str | None, below: str | None, limit: int) -> tuple[msgspec.Raw, ...]:
        page = await serve(above, below, limit)
        if sum(sizes[int(msgspec.json.decode(raw)["id"])] for raw in page) > 100:
            said = b'[{"group":"a", "id":' + msgspec.json.encode(msgspec.json.decode(page[0])["id"]) + b', "rest": "xx'
            raise AnswerTooLarge("too large", beginning=said, platform="somewhere", account="ada")
        return page

    found = [msgspec.json.decode(raw) async for raw in unread(fetch, "0")]
    assert [int(entry["id"]) for entry in found] == numbers
    assert [entry["id"] for entry in found if "created_at" not in entry] == ["40"]


@pytest.mark.asyncio
async def test_an_entry_without_an_id_comes_with_its_page_and_ends_nothing() -> None:
    async def fetch(above: str | None, below: str | None, limit: int) -> tuple[msgspec.Raw, ...]:
        if above != "0" or below is not None:
            return ()
        return (entry(3), msgspec.Raw(b'{"no": "id"}'), entry(2))

    found = [bytes(raw) async for raw in unread(fetch, "0")]
    assert len(found) == 3
    assert found[0] == b'{"no": "id"}'


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.asyncio
async def test_the_place_before_a_moment_is_found(oldest_first: bool) -> None:
    numbers = list(range(1, 301))
    fetch = served(numbers, most=40, oldest_first=oldest_first)
    assert await since_moment(fetch, BEGIN + timedelta(minutes=100)) == "99"
    assert await since_moment(fetch, BEGIN) == "0"
    assert await since_moment(fetch, BEGIN + timedelta(days=9)) == "300"
    assert await newest(fetch) == "300"
    assert await newest(served([], most=40, oldest_first=oldest_first)) is None
