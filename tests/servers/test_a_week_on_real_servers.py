"""A week of an owner on a real server: the bot's days pass at once, those of the server do not. At the end the report
of `greenroom week --json` is compared with what the server has in its own database.

The bot's clock begins days ago and is put forward to the present, since no server's time can be. So what a server dates
itself is all of today, for it and in the report, and how late a post was is not compared.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bluesky_people import POST, Person, register
from bluesky_world import a_network
from clocked_bot import ClockedBot
from dag_cbor import decoded
from matrix_people import Person as MatrixPerson
from matrix_people import register as join_matrix
from matrix_world import MatrixWorld
from running import RunningServer
from snac_world import SnacWorld

pytestmark = [pytest.mark.server, pytest.mark.timeout(400)]

PATIENCE = 90.0
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
DAY = 24 * HOUR
FLOOD, FLOOD_ANSWERED = 12, 4
"""Messages of a flood, and how many of one person are answered in an hour."""
PERSONA = "persona: Ada\nwho: keeps the lighthouse\nvoice: dry and kind\n"


def a_bot(folder: Path, secret: str, account: str, rules: str) -> ClockedBot:
    """Return a bot that is not started; `account` is its only one, whose secret is in the variable `SECRET`."""
    (folder / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    write(folder, account, rules)
    return ClockedBot(folder / "bot.yaml", {"SECRET": secret})


def write(folder: Path, account: str, rules: str) -> None:
    """Write the bot's file as its owner edits it."""
    head = f"bot: ada\npersona: ada.yaml\naccounts: {{home: {account}}}\ntimezone: UTC\nengines: script\n"
    (folder / "bot.yaml").write_text(f"{head}approve: never\n{rules}", encoding="utf-8")


def until(reached: Callable[[], object], bot: ClockedBot, *, every: float = 0.1) -> None:
    """Return when something is so."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, bot.last_words
        time.sleep(every)


def reported_by_day(week: Any) -> dict[str, tuple[int, int]]:
    """Return day → how much was posted and how much answered, of days on which anything was."""
    days = {day: (done["posted"], done["answered"]) for day, done in week["days"].items()}
    return {day: done for day, done in days.items() if any(done)}


# An account that posts ------------------------------------------------------------------------------------------------


def notes_of(world: SnacWorld) -> dict[str, str]:
    """Return address → day of the bot's posts among the files of the snac2."""
    # others are on this server, too, and one of them has a name that is no text
    files = (Path(world.facts["data"]) / "object").glob("*/*.json")
    found = (json.loads(file.read_text(encoding="utf-8", errors="replace")) for file in files)
    author = f"{world.base}/{world.bot.name}"
    return {
        one["id"]: one["published"][:10]
        for one in found
        if one.get("type") == "Note" and one.get("attributedTo") == author
    }


def test_the_week_of_an_owner_whose_bot_posts_on_a_snac2(snac_world: SnacWorld, tmp_path: Path) -> None:
    """What a snac2 cannot show is what was taken back. It lets no bot delete, so `undo` says so and the owner
    deletes on its pages, of which it tells nobody: the report has the post as posted, and not as taken back."""
    world = snac_world
    account = f"{{platform: mastodon, server: '{world.base}', token: {{env: SECRET}}}}"
    hours = {"morning": 8.0, "evening": 18.0, "late": 19.5}

    def rules(evening: str) -> str:
        return (
            "post: [{name: morning, at: '08:00', say: Good morning.}, "
            f"{{name: evening, at: '{evening}', say: Lit.}}]\n"
        )

    with a_bot(tmp_path, world.bot.token, account, rules("18:00")) as bot:

        def due(day: int, name: str, *, late: timedelta = SECOND) -> None:
            """Let time pass to a moment after a post is due."""
            bot.reach(bot.begin + day * DAY + hours[name] * HOUR + late)

        def posted(day: int, name: str, number: int) -> set[str]:
            """Let a post become due; return the address of what is there then and was not before, the only one."""
            before = notes_of(world).keys()
            due(day, name)
            until(lambda: notes_of(world).keys() - before, bot)
            assert len(notes_of(world)) == number
            return notes_of(world).keys() - before

        posted(0, "morning", 1)
        posted(0, "evening", 2)
        (bad,) = posted(1, "morning", 3)
        # it is not good: the server lets no bot delete, so its owner does
        said = " ".join(bot.command("undo", "--yes", "--bot", bot.file.name, code=1).split())
        assert "delete it on its own pages" in said
        bad_on = notes_of(world)[bad]
        world.delete_by_hand(bad)
        until(lambda: bad not in notes_of(world), bot)
        posted(1, "evening", 3)
        # its time is edited on the day on which it was posted
        write(tmp_path, account, rules("19:30"))
        until(lambda: bot.has_logged("taken up"), bot)
        due(1, "late")
        posted(2, "morning", 4)
        posted(2, "late", 5)
        # the bot is away over the next one, for too long
        bot.stop()
        due(3, "morning", late=3 * HOUR)
        bot.start()
        posted(3, "late", 6)
        posted(4, "morning", 7)
        posted(4, "late", 8)
        week = bot.week()
    stands = [*notes_of(world).values(), bad_on]
    assert len(stands) == 9
    assert week["posted"] == week["posted_on"]["home"] == week["published_on"]["home"] == len(stands)
    assert reported_by_day(week) == {day: (number, 0) for day, number in Counter(stands).items()}
    assert week["missed"] == 1, "the one while it was away"
    assert [week[one] for one in ("answered", "people", "told", "held", "taken_back", "unknown", "dead")] == [0] * 7


# An account that answers mentions -------------------------------------------------------------------------------------


def posts_of(repositories: Path, author: str) -> dict[str, Any]:
    """Return address → record of somebody's posts in the databases of the data server."""
    found: dict[str, Any] = {}
    for database in repositories.glob("*/*/store.sqlite"):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
            rows = db.execute(
                "SELECT record.uri, repo_block.content FROM record JOIN repo_block ON repo_block.cid = record.cid "
                "WHERE record.collection = ? AND record.uri LIKE ?",
                (POST, f"at://{author}/%"),
            ).fetchall()
        found |= {uri: decoded(content) for uri, content in rows}
    return found


def test_the_week_of_an_owner_whose_bot_answers_on_bluesky(tmp_path: Path) -> None:
    """What the network cannot show is why somebody was left alone: who it was, and that nobody else was. It tells a bot
    nothing of what its own account wrote, so an answer by the owner's hand is no part of the report, and what is said
    below it is answered."""
    with a_network() as network:
        base = network.facts["url"]
        ada, alice, carol = (register(base, name) for name in ("ada", "alice", "carol"))
        account = (
            f"{{platform: bluesky, server: '{base}', pds: '{base}', handle: {ada.handle}, password: {{env: SECRET}}, "
            "direct: false, look_every: 0.2}"
        )
        rules = "answer: {to: [mentions, replies], gather: 0 seconds}\n"
        repositories = network.directory / "pds" / "actors"
        asked: dict[str, Person] = {}

        def answers() -> dict[str, Any]:
            """Return what was answered → the answer, from the databases."""
            found = posts_of(repositories, ada.did).values()
            return {post["reply"]["parent"]["uri"]: post for post in found}

        def ask(who: Person, text: str, *, below: dict[str, str] | None = None) -> dict[str, str]:
            said = who.mention(ada, text) if below is None else who.reply(below, f"@{ada.handle} {text}")
            asked[said["uri"]] = who
            return said

        def answered(*said: dict[str, str]) -> None:
            until(lambda: answers().keys() >= {one["uri"] for one in said}, bot)

        with a_bot(tmp_path, ada.app_password()[1], account, rules) as bot:
            answered(ask(alice, "good morning"), ask(carol, "good morning"))
            # the second day: a stop, which holds
            bot.pass_time(DAY)
            answered(ask(carol, "stop"))
            unheard = ask(carol, "and now?")
            answered(ask(alice, "is it lit?"))
            until(lambda: bot.week()["left_alone"] == {"said stop": 1}, bot)
            # the third: the server dies, and comes back
            bot.pass_time(DAY)
            network.kill()
            bot.pass_time(HOUR)
            network.start()
            last = ask(alice, "was that the wind?")
            answered(last)
            # the fourth: the owner answers by hand, and is answered
            bot.pass_time(DAY)
            by_hand = ada.reply(last, "It was. This is Maria, by the way.")
            alice.wait_for(by_hand["uri"])
            answered(ask(alice, "good evening, Maria", below=by_hand))
            # the fifth: a start, after which it answers again
            bot.pass_time(DAY)
            answered(ask(carol, "start"))
            answered(ask(carol, "good to be back"))
            week = bot.week()
        said = posts_of(repositories, ada.did)
    del said[by_hand["uri"]]
    answered_to = [post["reply"]["parent"]["uri"] for post in said.values()]
    assert sorted(answered_to) == sorted(asked.keys() - {unheard["uri"]}), "each is answered once"
    assert week["answered"] == week["answered_on"]["home"] == week["published_on"]["home"] == len(said)
    days = Counter(post["createdAt"][:10] for post in said.values())
    assert reported_by_day(week) == {day: (0, number) for day, number in days.items()}
    assert week["people"] == len({asked[uri].did for uri in answered_to}) == 2
    assert sum(week["left_alone"].values()) == len(asked) - len(said) == 1
    rest = ("posted", "told", "held", "taken_back", "late", "missed", "unknown", "dead", "complaints", "said_stop")
    assert [week[one] for one in rest] == [0] * len(rest), "who said start has not said stop"


# A bot in a room ------------------------------------------------------------------------------------------------------


def events_of(database: Path, room: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the messages of a room by their ids, and the redacted ones with who did it, from Synapse's database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        rows = db.execute(
            "SELECT events.event_id, event_json.json FROM events JOIN event_json USING (event_id) "
            "WHERE events.room_id = ? AND events.type = 'm.room.message' AND NOT events.outlier "
            "AND events.rejection_reason IS NULL",
            (room,),
        ).fetchall()
        gone = db.execute(
            "SELECT redactions.redacts, events.sender FROM redactions JOIN events USING (event_id) "
            "WHERE events.room_id = ?",
            (room,),
        ).fetchall()
    return {name: json.loads(stored) for name, stored in rows}, dict(gone)


def test_the_week_of_an_owner_whose_bot_keeps_a_room_on_matrix(
    homeserver: RunningServer, matrix_world: MatrixWorld, tmp_path: Path
) -> None:
    """What a homeserver cannot show is why somebody was left alone: who it was, and that nobody else was."""
    world, database = matrix_world, homeserver.directory / "homeserver.db"
    keeper, room = world.alice, world.home
    ben, iris = (join_matrix(keeper.base, homeserver.facts["registration_secret"], name) for name in ("ben", "iris"))
    for person in (ben, iris):
        person.join(room)
    account = f"{{platform: matrix, server: '{keeper.base}', token: {{env: SECRET}}, user: '{world.bot.id}'}}"
    rules = (
        f"answer: {{to: [mentions, replies], gather: 0 seconds}}\nrooms: {{quay: {{is: 'home/{world.alias}'}}}}\n"
        f"limits: {{replies_per_person: {FLOOD_ANSWERED}/hour, replies_per_thread: 1000/day}}\n"
    )
    asked: dict[str, str] = {}

    def ask(who: MatrixPerson, text: str) -> str:
        said = who.say(room, f"{world.bot.id} {text}", mention=world.bot)
        asked[said] = who.id
        return said

    def said() -> dict[str, Any]:
        return {name: one for name, one in events_of(database, room)[0].items() if one["sender"] == world.bot.id}

    def redacted() -> dict[str, str]:
        """Return what of it was redacted → who did it."""
        return {name: by for name, by in events_of(database, room)[1].items() if name in said()}

    def answered_to() -> list[str]:
        """Return what was answered; Synapse keeps for a while what was redacted."""
        return [one["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] for one in said().values()]

    def answered(*events: str) -> None:
        until(lambda: set(answered_to()) >= set(events), bot)

    with a_bot(tmp_path, world.bot.token, account, rules) as bot:
        for _ in range(2):
            answered(ask(ben, "is it lit?"), ask(iris, "is it lit?"))
            bot.pass_time(DAY)
        # a flood, in which the bot is killed
        flood = [ask(ben, f"and now? {number}") for number in range(FLOOD)]
        until(lambda: set(answered_to()) & set(flood), bot, every=0.01)
        bot.kill()
        bot.start()
        until(lambda: len(set(answered_to()) & set(flood)) == FLOOD_ANSWERED, bot)
        until(lambda: bot.week()["left_alone"] == {"limits": FLOOD - FLOOD_ANSWERED}, bot)
        # a moderator has the bot be quiet for a while
        bot.pass_time(DAY)
        answered(ask(keeper, "quiet 2 hours"))
        ask(iris, "are you there?")
        until(lambda: sum(bot.week()["left_alone"].values()) == FLOOD - FLOOD_ANSWERED + 1, bot)
        bot.pass_time(3 * HOUR)
        answered(ask(iris, "are you there again?"))
        # he has it take back what it said, and takes down another answer himself
        ask(keeper, "undo")
        until(redacted, bot)
        keeper.redact(room, next(name for name in said() if name not in redacted()))
        until(lambda: bot.week()["taken_back"] == 2, bot)
        week = bot.week()
    assert len(answered_to()) == len(set(answered_to())) == len(said()), "each is answered once"
    assert week["answered"] == week["answered_on"]["home"] == week["published_on"]["home"] == len(said())
    days = Counter(f"{datetime.fromtimestamp(one['origin_server_ts'] / 1e3, UTC):%Y-%m-%d}" for one in said().values())
    assert reported_by_day(week) == {day: (0, number) for day, number in days.items()}
    assert week["people"] == len({asked[event] for event in answered_to()}) == 3
    unanswered = asked.keys() - set(answered_to())
    in_flood = len(unanswered & set(flood))
    left_alone = {"limits": in_flood, "moderators' or your word": len(unanswered) - in_flood}
    assert week["left_alone"] == left_alone, "the order to undo is obeyed without a word"
    assert week["taken_back"] == len(redacted()) == 2
    assert week["complaints"] == list(redacted().values()).count(keeper.id) == 1
    rest = ("posted", "told", "held", "late", "missed", "unknown", "dead", "said_stop")
    assert [week[one] for one in rest] == [0] * len(rest)
