"""One bot of one file on the Stage and on four real networks at once: each is answered in its own thread, and one
scheduled post goes to all of them."""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bluesky_world import BlueskyWorld
from matrix_world import MatrixWorld
from nostr_world import NostrWorld
from PIL import Image
from snac_world import SnacWorld

from greenroom_adapters.testing import Published, World
from greenroom_adapters.testing.stage import RunningStage

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform != "linux", reason="reads how much memory a process has from /proc"),
]

PATIENCE = 60.0
ROUNDS = 3
WORDS, ALT = "The harbour this morning.", "Grey water and one boat."
BOT = """\
bot: ada
persona: persona.yaml
timezone: UTC
accounts:
{accounts}
engines: script
answer: {{to: mentions, gather: 0 seconds}}
post: {{name: morning, at: "{at}", say: "{words}", picture: {{file: harbour.png, alt: "{alt}"}}}}
approve: never
limits: {{replies_per_person: 1000/hour, replies_per_thread: 1000/day, posts: 100/day}}
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One of the networks, as somebody else sees it."""

    name: str
    account: str
    """The account's line in the bot file, for a secret in the environment variable `SECRET`."""
    secret: str
    ask: Callable[[str], str]
    """Asks the bot in public; returns the id of the question as the answer refers to it."""
    posts: Callable[[], Sequence[Published]]
    """All that the bot has published."""
    shows_pictures: bool = True

    def answer_to(self, question: str) -> Published | None:
        """Return the bot's answer; None: there is none yet."""
        answers = [post for post in self.posts() if post.in_reply_to == question]
        assert len(answers) <= 1, f"answered twice on {self.name}"
        return answers[0] if answers else None


def looked_at(world: World) -> Callable[[], Sequence[Published]]:
    return lambda: asyncio.run(_published(world))


async def _published(world: World) -> Sequence[Published]:
    return await world.published()


def on_stage(stage: RunningStage) -> Place:
    ben = stage.sign_in("ben")
    stage.sign_in("ada", bot=True)  # so that her posts may be asked for before she has come

    def posts() -> list[Published]:
        told = stage.call("GET", "/api/accounts/ada/posts?limit=200", token=ben)["posts"]
        return [
            Published(
                text=post["text"],
                id=post["id"],
                in_reply_to=post["in_reply_to"],
                alts=tuple(file["alt"] for file in post["media"]),
            )
            for post in told
        ]

    return Place(
        name="stage",
        account=f'{{platform: stage, server: "{stage.url}", handle: ada}}',
        secret="",
        ask=lambda text: str(stage.say(ben, f"@ada {text}")["id"]),
        posts=posts,
    )


def on_matrix(world: MatrixWorld) -> Place:
    account = f'{{platform: matrix, server: "{world.bot.base}", token: SECRET, home: "{world.alias}", threads: true}}'

    def ask(text: str) -> str:
        return f"{world.home}/{world.alice.say(world.home, f'{world.bot.id} {text}', mention=world.bot)}"

    return Place(name="matrix", account=account, secret=world.bot.token, ask=ask, posts=looked_at(world))


def on_mastodon(world: SnacWorld) -> Place:
    return Place(
        name="mastodon",
        account=f'{{platform: mastodon, server: "{world.base}", token: SECRET}}',
        secret=world.bot.token,
        ask=lambda text: world.alice.say(f"@{world.bot.handle} {text}"),
        posts=looked_at(world),
    )


def on_bluesky(world: BlueskyWorld) -> Place:
    settings = world.settings
    return Place(
        name="bluesky",
        account=f'{{platform: bluesky, handle: {settings.handle}, password: SECRET, server: "{settings.server}", '
        f'pds: "{settings.pds}", direct: false}}',
        secret=settings.password.reveal(),
        ask=lambda text: world.alice.mention(world.bot, text)["uri"],
        posts=looked_at(world),
    )


def on_nostr(world: NostrWorld) -> Place:
    def ask(text: str) -> str:
        event = world.alice.event(1, text, [["p", world.bot.id]], at=int(time.time()))
        world.line.send(event)
        return str(event["id"])

    return Place(
        name="nostr",
        account=f'{{platform: nostr, relays: "{world.url}", key: SECRET}}',
        secret=world.nsec,
        ask=ask,
        posts=looked_at(world),
        shows_pictures=False,
    )


def write_bot(folder: Path, places: Sequence[Place]) -> Mapping[str, str]:
    """Write the bot's files; return the environment that has its secrets."""
    # due a while ago: a bot that starts now posts it at once, and only once
    at = f"{datetime.now(UTC) - timedelta(minutes=20):%H:%M}"
    accounts = "\n".join(
        f"  {place.name}: {place.account}".replace("SECRET", f"{{env: {place.name.upper()}}}") for place in places
    )
    (folder / "bot.yaml").write_text(BOT.format(accounts=accounts, at=at, words=WORDS, alt=ALT))
    (folder / "persona.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n")
    Image.new("RGB", (64, 48), "grey").save(folder / "harbour.png")
    return {place.name.upper(): place.secret for place in places if place.secret}


@contextmanager
def running(folder: Path, secrets: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the bot as its owner does, until the end; it must end cleanly."""
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "greenroom", "run", str(folder / "bot.yaml"), "--json"]
        environ = {**os.environ, **secrets, "NO_COLOR": "1"}
        bot = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ)
    try:
        yield bot
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(PATIENCE) == 0, (folder / "log").read_text()
    finally:
        bot.kill()
        bot.wait()


def until_there(look: Callable[[], Published | None], what: str, folder: Path) -> Published:
    """Wait until `look` finds something."""
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"in vain: {what}\n{(folder / 'log').read_text()}"
        time.sleep(0.02)
    return found


def memory(process: int) -> float:
    """Return the memory that a process has at the moment, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def own_post(place: Place) -> Published | None:
    posts = [post for post in place.posts() if post.in_reply_to is None]
    assert len(posts) <= 1, f"posted twice on {place.name}"
    return posts[0] if posts else None


def ask_everywhere(places: Sequence[Place], text: str, folder: Path) -> dict[str, float]:
    """Ask on all networks at once; return after how many seconds each answer was there."""
    asked = {place.name: (place, place.ask(text), time.monotonic()) for place in places}
    took: dict[str, float] = {}
    while waiting := [name for name in asked if name not in took]:
        for name in waiting:
            place, question, began = asked[name]
            if place.answer_to(question) is not None:
                took[name] = time.monotonic() - began
            assert time.monotonic() < began + PATIENCE, f"in vain: {name}\n{(folder / 'log').read_text()}"
        time.sleep(0.02)
    return took


def test_one_file_answers_in_threads_and_posts_on_five_networks(
    tmp_path: Path,
    matrix_world: MatrixWorld,
    snac_world: SnacWorld,
    bluesky_world: BlueskyWorld,
    nostr_world: NostrWorld,
) -> None:
    with RunningStage(data=tmp_path / "stage.db") as stage:
        places = [
            on_stage(stage),
            on_matrix(matrix_world),
            on_mastodon(snac_world),
            on_bluesky(bluesky_world),
            on_nostr(nostr_world),
        ]
        with running(tmp_path, write_bot(tmp_path, places)) as bot:
            for place in places:
                post = until_there(lambda place=place: own_post(place), f"the post on {place.name}", tmp_path)  # type: ignore[misc]  # bound early
                if place.shows_pictures:
                    assert (post.text, post.alts) == (WORDS, (ALT,))
                else:
                    assert post.text.startswith(WORDS)
            took: dict[str, list[float]] = {place.name: [] for place in places}
            for number in range(ROUNDS):
                for name, seconds in ask_everywhere(places, f"is the sea calm, day {number}?", tmp_path).items():
                    took[name].append(seconds)
            # measured and not judged: shown by `pytest -s`
            medians = ", ".join(f"{name} {statistics.median(times):.2f} s" for name, times in took.items())
            print(f"\nmedian of {ROUNDS} answers: {medians}; the bot takes {memory(bot.pid):.1f} MiB")

        # looked at again when the bot has gone: nothing comes any more, and nothing came twice
        for place in places:
            assert own_post(place) is not None
            assert len(place.posts()) == 1 + ROUNDS
