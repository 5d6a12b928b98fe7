"""A feed that is not small is read by a process of its own, and nothing that stands in it stops a bot."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenroom.origins import FeedBroken, feed_items, read_feed
from greenroom.origins.feed import LARGEST

HOME = "https://harbour.example/feed?key=s3cret"


def feed(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>Harbour</title>{"".join(items)}</channel></rss>'.encode()


def item(number: int, words: str = "“wind”") -> str:
    return (
        f"<item><title>Notice {number}</title><link>https://harbour.example/{number}</link><author>Bea</author>"
        f"<pubDate>Tue, 24 Nov 2026 {number % 24:02}:00:00 GMT</pubDate>"
        f"<description>Fog &amp; {words}</description></item>"
    )


def is_one_left() -> bool:
    """Say whether a process that this one has started to read a feed goes on."""
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,args="], capture_output=True, text=True, check=True)  # noqa: S607 - the system's own program
    children = [line for line in listed.stdout.splitlines() if line.split()[0] == str(os.getpid())]
    return any("greenroom.origins.feed_program" in line for line in children)


@pytest.mark.asyncio
async def test_a_feed_is_read_later_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FeedBroken, match="cannot be started: No such file"):
        await feed_items(feed(*map(item, range(400))), address=HOME)


@pytest.mark.asyncio
@pytest.mark.parametrize("items", [1, 400])
async def test_the_same_items_come_out_of_a_process(items: int) -> None:
    body = feed(*map(item, range(items)))
    assert list(await feed_items(body, address=HOME)) == read_feed(body, address=HOME)


@pytest.mark.skipif(sys.platform == "win32", reason="starts a shell")
@pytest.mark.asyncio
async def test_it_is_read_under_a_locale_for_which_no_archive_of_all_locales_is_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho "$LC_ALL" > {tmp_path}/locale\nexec {sys.executable} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    body = feed(*map(item, range(400)))
    assert list(await feed_items(body, address=HOME)) == read_feed(body, address=HOME)
    assert (tmp_path / "locale").read_text(encoding="utf-8") == "C\n"


@pytest.mark.asyncio
async def test_a_feed_of_the_largest_size_is_read_within_the_bound_of_memory() -> None:
    most = (LARGEST - len(feed())) // len(item(10_000, words="fog " * 20_000))
    body = feed(*(item(10_000 + number, words="fog " * 20_000) for number in range(most)))
    assert LARGEST * 0.9 < len(body) <= LARGEST
    assert len(await feed_items(body, address=HOME)) == most


@pytest.mark.asyncio
@pytest.mark.parametrize(("body", "why"), [(b"<html>" + b"a" * 9_000, "no feed"), (b" " * 3_000_000, "more than")])
async def test_what_is_no_feed_is_told_as_before(body: bytes, why: str) -> None:
    with pytest.raises(FeedBroken, match=why):
        await feed_items(body, address=HOME)


@pytest.mark.asyncio
async def test_a_feed_that_takes_for_ever_is_given_up_while_everything_else_goes_on() -> None:
    body = feed(f"<item><title>Fog</title><author>{'a.' * 500_000}</author></item>")
    longest, last = 0.0, time.monotonic()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    with pytest.raises(FeedBroken, match="not read within 3 seconds"):
        await feed_items(body, address=HOME, patience=3)
    ticking.cancel()
    assert longest < 2
    assert not await asyncio.to_thread(is_one_left)


@pytest.mark.asyncio
async def test_who_stops_waiting_leaves_nothing_behind() -> None:
    body = feed(f"<item><title>Fog</title><author>{'a.' * 500_000}</author></item>")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await feed_items(body, address=HOME)
    assert not await asyncio.to_thread(is_one_left)
