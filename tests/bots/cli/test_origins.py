"""Feeds, folders and calendars on the command line, and a bot that is killed while it posts out of a feed."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from feed_server import rss
from typing_extensions import override

from greenroom_adapters.testing.stage import RunningStage

BOT = """\
bot: ada
persona: persona.yaml
timezone: UTC
accounts: {{home: {{platform: stage, server: "{server}", handle: {handle}}}}}
limits: {{posts: 1000/day}}
{more}"""


class Feed(BaseHTTPRequestHandler):
    """Gives out one feed."""

    items: ClassVar = [(str(number), f"Item {number}", f"https://harbour.example/{number}") for number in range(30)]

    def do_GET(self) -> None:
        body = rss(*self.items).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def feed() -> Iterator[str]:
    """The address of a feed of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/feed"
        server.shutdown()
        thread.join()


@pytest.fixture
def write(home: Path, write_bot: Callable[..., Path]) -> Callable[..., Path]:
    def write(more: str, *, server: str = "http://127.0.0.1:9", handle: str = "ada") -> Path:
        path = write_bot()
        path.write_text(BOT.format(server=server, handle=handle, more=more), encoding="utf-8")
        return path

    return write


def posts_of(stage: RunningStage, handle: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(f"file:{stage.data}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT posts.text FROM posts JOIN accounts ON accounts.id=posts.author_id WHERE accounts.handle=?",
            (handle,),
        )
        return [text for (text,) in rows]


def test_killed_again_and_again_the_bot_posts_every_item_of_a_feed_once(
    stage: RunningStage, feed: str, write: Callable[..., Path], running: Callable[..., Any], until: Callable[..., Any]
) -> None:
    origin = f"{{feed: '{feed}', private: true, old: 30, most: 1000/day, look: 1 second}}"
    write(f"post: {{name: boats, from: {origin}}}\n", server=stage.url, handle="feeder")
    for count in (1, 10, 20):
        bot = running("bot.yaml")
        until(lambda count=count: len(posts_of(stage, "feeder")) >= count)
        bot.kill()
    running("bot.yaml")
    until(lambda: len(posts_of(stage, "feeder")) >= len(Feed.items))
    assert sorted(posts_of(stage, "feeder")) == sorted(f"{title}\n{link}" for _, title, link in Feed.items)


def test_check_says_what_stands_in_a_feed_and_what_is_in_the_way_of_reading_it(
    stage: RunningStage, feed: str, write: Callable[..., Path], greenroom: Callable[..., Any]
) -> None:
    write(f"post: {{from: {{feed: '{feed}', private: true}}}}\n", server=stage.url, handle="reader")
    said = greenroom("check", "bot.yaml")
    assert said.code == 0
    assert "post: 30 items, the newest: Item 29; a bot that reads it for the first time posts none of them" in " ".join(
        said.out.split()
    )
    write(f"post: {{from: {{feed: '{feed}'}}}}\n", server=stage.url, handle="reader")
    assert "write `private: true` if it is your own" in " ".join(greenroom("check", "bot.yaml").out.split())


def test_check_names_the_rows_and_drafts_that_cannot_be_posted(
    home: Path, write: Callable[..., Path], greenroom: Callable[..., Any]
) -> None:
    (home / "drafts").mkdir()
    (home / "drafts" / "bad.md").write_text("---\nwhn: 2030-12-24 18:00\n---\nx")
    (home / "plan.csv").write_text("when,text\ntomorrow,x\n")
    write("post:\n  - {name: a, from: {folder: drafts}}\n  - {name: b, from: {calendar: plan.csv}}\n")
    said = greenroom("check", "bot.yaml", "--offline")
    assert said.code == 1
    assert "plan.csv:2:1: when: `tomorrow` is no moment" in said.err
    (home / "plan.csv").write_text("when,text\n2030-12-24 18:00,x\n")
    said = greenroom("check", "bot.yaml", "--offline")
    assert (said.code, "bad.md:2:1: `whn`" in said.out) == (0, True)
    assert "has no column `id`" in said.out
    fixed = greenroom("check", "bot.yaml", "--offline", "--fix")
    assert "every row has an id now" in fixed.out
    assert "has no column `id`" not in fixed.out
    assert (home / "plan.csv").read_text() == "when,text,id\n2030-12-24 18:00,x,row-1\n"


def test_check_says_which_rows_are_too_long_and_what_an_account_cannot_do(
    stage: RunningStage, home: Path, write: Callable[..., Path], greenroom: Callable[..., Any]
) -> None:
    (home / "plan.csv").write_text(f"id,when,text\na,2030-12-24 18:00,{'long ' * 2000}\n")
    write("post: {from: {calendar: plan.csv}}\n", server=stage.url, handle="planner")
    assert "will not go out: it is" in " ".join(greenroom("check", "bot.yaml").out.split())


def test_what_waits_from_a_calendar_is_in_the_queue_and_changed_in_the_table_alone(
    stage: RunningStage,
    home: Path,
    write: Callable[..., Path],
    running: Callable[..., Any],
    greenroom: Callable[..., Any],
) -> None:
    (home / "plan.csv").write_text("id,when,text\na,2030-12-24 18:00,All of them.\n")
    write("post: {name: plan, from: {calendar: plan.csv}}\n", server=stage.url, handle="waiter")
    (before,) = greenroom("queue", "list", "--json").json
    assert (before["item"], before["say"]) == (None, "All of them.")
    running("bot.yaml")
    (waiting,) = greenroom("queue", "list", "--json").json
    assert (waiting["item"], waiting["schedule"], waiting["say"]) == (1, "plan", "All of them.")
    said = greenroom("queue", "cancel", "1")
    assert said.code == 1
    assert "plan.csv: change it there, the bot follows" in " ".join(said.err.split())


def test_explain_says_what_is_done_without_words(write: Callable[..., Path], greenroom: Callable[..., Any]) -> None:
    write("answer: [{to: mentions, words: thanks, do: [like, repost]}, {to: mentions, do: [reply, like]}]\n")
    assert "what is done about it: like and repost." in greenroom("explain", "--text", "thanks").out
    assert "what the engines write (and like)" in greenroom("explain", "--text", "hello").out
