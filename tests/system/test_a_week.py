"""A week of each of three owners, in simulated time on a real Stage, with what goes wrong in it. At its end the week
that the bot tells is compared with what the Stage has counted itself."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from evening import Evening

from greenroom.app.week import Span, Week, count_week, week_lines
from greenroom.generation import EngineUnavailable
from greenroom.storage import State

pytestmark = pytest.mark.system

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TWO = """\
bot: ada
persona: ada.yaml
accounts:
  home: {{platform: harbour, server: "{url}", handle: ada}}
  away: {{platform: harbour, server: "{url}", handle: ada2}}
timezone: UTC
engines: hold
approve: never
"""


async def counted(evening: Evening) -> Week:
    await evening.bot.settle()
    file = evening.bot.file
    week = await count_week(file, evening.bot.ledger, Span.up_to(evening.clock.now() + SECOND, file.timezone))
    assert len(week_lines(week, file)) == 10
    return week


def public(posts: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [post for post in posts if post["direct_to"] is None]


class Poster:
    """An owner whose bot posts on two accounts, morning and evening."""

    RULES = "post: [{{name: morning, at: '08:00', say: Good morning.}}, {{name: evening, at: '{at}', say: Lit.}}]\n"

    def __init__(self, folder: Path) -> None:
        self.evening = Evening(folder, self.RULES.format(at="18:00"), head=TWO)
        self.deleted = 0
        """Posts that are gone again, on each account."""

    def on_both(self) -> tuple[int, int]:
        """Return how many posts there are or were on each account."""
        return tuple(len(public(self.evening.said(handle))) + self.deleted for handle in ("ada", "ada2"))  # type: ignore[return-value]  # there are two

    async def next_due(self, *, late: timedelta = SECOND) -> None:
        """Let the time pass to a moment after the next post is due."""
        (coming,) = await self.evening.bot.upcoming(limit=1)
        self.evening.pass_time(coming.due + late - self.evening.clock.now())

    async def posted(self, number: int, *, by: timedelta = timedelta(0)) -> None:
        await self.evening.until(lambda: self.on_both() == (number, number), by=by)


@pytest.mark.timeout(120)
@pytest.mark.asyncio
async def test_the_week_of_an_owner_whose_bot_posts(tmp_path: Path) -> None:
    owner = Poster(tmp_path)
    async with owner.evening as evening:
        for number in (1, 2):
            await owner.next_due()
            await owner.posted(number)
        # the platform is away when it is due
        evening.stage.kill()
        await owner.next_due()
        evening.pass_time(20 * MINUTE)
        evening.stage.restart()
        evening.pass_time(SECOND)
        await owner.posted(3, by=SECOND)
        # the bot is away when it is due, for too long
        (coming,) = await evening.bot.upcoming(limit=1)
        await evening.stop()
        evening.pass_time(coming.due + 2 * HOUR - evening.clock.now())
        await evening.start()
        # the machine sleeps over the next one
        await owner.next_due(late=2 * HOUR)
        await evening.reach({State.SENT: 6})
        while not (slept := await evening.bot.ledger.facts("slept")):
            evening.pass_time(SECOND)
        since, until = map(int, slept["slept"].split())
        assert until - since > 2 * HOUR.total_seconds() * 1e6
        await owner.next_due()
        await owner.posted(4)
        # it is not good
        found = await evening.obey("undo-look", {"what": "last"})
        answer = await evening.obey("undo", {"turns": [one["turn"] for one in found["turns"]]})
        assert (len(answer["turns"]), answer["left"]) == (2, [])
        assert [len(public(evening.said(handle))) for handle in ("ada", "ada2")] == [3, 3]
        owner.deleted = 1
        # its time is edited on the day on which it was served
        while (await evening.bot.upcoming(limit=1))[0].name != "morning":
            await owner.next_due()
            await owner.posted(5)
        before = owner.on_both()[0]
        evening.write(owner.RULES.format(at="19:30"))
        await evening.until(lambda: str(evening.bot.file.post[1].at[0]).startswith("19:30"), by=SECOND)
        for number in range(before + 1, before + 5):
            await owner.next_due()
            await owner.posted(number)
        week = await counted(evening)
        posts = {handle: public(evening.said(handle)) for handle in ("ada", "ada2")}
        days = [post["created_at"][:10] for post in posts["ada"]]
    assert {len(posts["ada"]), len(posts["ada2"])} == {before + 3}
    assert max(days.count(day) for day in days) <= 2, "no day is served twice"
    assert len(week.posted) == before + 4
    assert dict(week.posted_on) == {"home": before + 4, "away": before + 4}
    assert week.published["home"] + week.published["away"] == sum(map(len, posts.values())) + 2
    assert week.withdrawn == 2
    assert (len(week.late), len(week.missed)) == (1, 2), (week.late, week.missed)
    assert 20 * MINUTE <= week.latest < HOUR
    assert (week.answered, week.left_alone.total(), week.unknown, week.dead) == (0, 0, 0, 0)


@pytest.mark.timeout(120)
@pytest.mark.asyncio
async def test_the_week_of_an_owner_whose_bot_answers(tmp_path: Path) -> None:
    rules = "answer: [mentions, replies, {to: mentions, words: [refund], tell: true}]\n{more}"
    more = "tell: home/@maria\napprove: {approve}\n"
    evening = Evening(tmp_path, rules.replace("{more}", more.format(approve="never")))
    async with evening:
        evening.token("maria")

        async def said(number: int) -> None:
            await evening.until(lambda: len(public(evening.said())) == number, by=SECOND)

        async def day() -> None:
            evening.pass_time(22 * HOUR)
            await evening.until(lambda: evening.bot.desks["home"].is_connected)

        # the first day: three answers, a stop, a case for the owner
        for handle in ("iris", "ben", "cleo"):
            evening.say(handle, "@ada good morning")
        await said(3)
        evening.say("rude", "@ada stop")
        await said(4)
        evening.say("rude", "@ada hello?")
        evening.say("dora", "@ada I want a refund")
        await evening.reach({State.SENT: 4, State.IGNORED: 2})
        case = await evening.turn_about("@ada I want a refund")
        await evening.until(lambda: any("refund" in text for text in evening.told("maria")), by=10 * SECOND)
        assert f"greenroom held answer {case.seq} TEXT" in evening.told("maria")[-1]
        await evening.obey("answer", {"turn": case.seq, "text": "Of course."})
        await said(5)
        # the second: no engine for seven hours
        await day()
        evening.engine.outcomes += [EngineUnavailable("it is away")] * 10_000
        evening.say("iris", "@ada are you there?")
        await evening.until(lambda: len(evening.engine.briefs) > 3, by=SECOND)
        evening.pass_time(7 * HOUR)
        await evening.reach({State.STALE: 1}, by=MINUTE)
        evening.engine.outcomes.clear()
        evening.say("iris", "@ada and now?")
        await said(6)
        # the third: the bot is away for eight hours
        await evening.stop()
        evening.say("ben", "@ada too early")
        evening.pass_time(7 * HOUR)
        evening.say("cleo", "@ada in time")
        evening.pass_time(HOUR)
        await evening.start()
        await said(7)
        await evening.reach({State.STALE: 2})
        # the fourth: what it answers is deleted, and edited, while the account is paused
        await day()
        await evening.obey("pause", {"account": "home"})
        gone = evening.say("iris", "@ada delete me")
        await evening.reach({State.INTENDED: 1}, by=SECOND)
        evening.stage.call("DELETE", f"/api/posts/{gone['id']}", token=evening.token("iris"))
        await evening.reach({State.IGNORED: 2}, by=SECOND)
        await evening.obey("resume", {"account": "home"})
        # the fifth: somebody writes by hand
        await day()
        asked = evening.say("ben", "@ada may I visit?")
        await said(8)
        evening.say("ada", "This is Maria: come at nine.", in_reply_to=asked["id"])
        await said(9)
        evening.say("ben", "@ada thank you", in_reply_to=asked["id"])
        await evening.reach({State.IGNORED: 4}, by=SECOND)
        # the sixth: everything is held
        evening.write(rules.replace("{more}", more.format(approve="always")))
        await evening.until(lambda: str(evening.bot.file.approve) == "always", by=SECOND)
        for handle in ("eva", "finn"):
            evening.say(handle, "@ada good evening")
        await evening.reach({State.HELD: 2}, by=SECOND)
        held = await evening.bot.ledger.turns(states=(State.HELD,))
        await evening.obey("approve", {"turns": [held[0].seq]})
        await evening.obey("refuse", {"turns": [held[1].seq]})
        await said(10)
        week = await counted(evening)
        everything = evening.said()
    by_hand = [post for post in everything if post["text"].startswith("This is Maria")]
    answers = [post for post in public(everything) if post not in by_hand]
    direct = [post for post in everything if post["direct_to"] is not None]
    assert week.answered == len(answers) == 9
    assert week.told == len(direct)
    assert week.published["home"] == len(everything) - len(by_hand)
    assert len(week.people) == 6, "iris, ben, cleo, dora, one of eva and finn, and who said stop"
    assert dict(week.left_alone) == {
        "said stop": 1,
        "too late": 2,
        "taken back by its author": 1,
        "left to you": 1,
    }
    assert (week.held, week.held_now, week.let_out, week.held_refused) == (2, 0, 1, 1)
    assert (week.stops, week.complaints, week.withdrawn, week.unknown, week.dead) == (1, 0, 0, 0, 0)


@pytest.mark.timeout(120)
@pytest.mark.asyncio
async def test_the_week_of_an_owner_whose_bot_keeps_a_room(tmp_path: Path) -> None:
    rules = "answer: {to: [mentions, replies], gather: 0}\nrooms: {quay: {is: home/Quay}}\napprove: never\n"
    async with Evening(tmp_path, rules) as evening:
        keeper, ada = evening.token("keeper"), evening.token("ada", bot=True)
        room = evening.stage.call("POST", "/api/rooms", {"name": "Quay"}, token=keeper)["id"]
        for handle in ("iris", "ben"):
            evening.stage.call("POST", f"/api/rooms/{room}/join", token=evening.token(handle))
        evening.stage.call("POST", f"/api/rooms/{room}/join", token=ada)

        def there() -> list[Mapping[str, Any]]:
            posts = evening.stage.call("GET", f"/api/rooms/{room}/posts?limit=200", token=keeper)["posts"]
            return [post for post in reversed(posts) if post["author"]["handle"] == "ada"]

        async def said(number: int) -> None:
            await evening.until(lambda: len(there()) == number, by=SECOND)

        gone = 0
        for day in range(5):
            for handle in ("iris", "ben"):
                evening.say(handle, f"@ada is it lit on day {day}?", room=room)
            await said(2 * (day + 1))
            evening.pass_time(22 * HOUR)
        # a moderator has one taken back, deletes another himself, and quiets the bot
        evening.say("keeper", "@ada undo", room=room)
        gone += 1
        await said(10 - gone)
        evening.stage.call("DELETE", f"/api/posts/{there()[0]['id']}", token=keeper)
        gone += 1
        await evening.reach({State.WITHDRAWN: 2}, by=SECOND)
        evening.say("keeper", "@ada quiet 2 hours", room=room)
        await said(11 - gone)
        evening.say("iris", "@ada and now?", room=room)
        await evening.reach({State.IGNORED: 2}, by=SECOND)
        week = await counted(evening)
        stands = there()
    assert week.answered == len(stands) + gone == 11
    assert week.published["home"] == 11
    assert (week.withdrawn, week.complaints) == (2, 1)
    assert dict(week.left_alone) == {"moderators' or your word": 2}
    assert len(week.people) == 3
