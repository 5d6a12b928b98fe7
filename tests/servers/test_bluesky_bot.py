"""A whole bot on a real Bluesky network."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bluesky_people import POST, Person, register
from bluesky_world import BlueskyWorld
from jetstream import JetstreamServer

pytestmark = [pytest.mark.server, pytest.mark.system, pytest.mark.timeout(180)]


def write_files(world: BlueskyWorld, folder: Path, *, stream: str = "") -> None:
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\nvoice: dry and kind\n", encoding="utf-8")
    settings = world.settings
    (folder / "bot.yaml").write_text(
        "bot: ada\npersona: ada.yaml\naccounts:\n  sky:\n    platform: bluesky\n"
        f"    server: '{settings.server}'\n    pds: '{settings.pds}'\n    handle: {settings.handle}\n"
        f"    password: {{env: ADA_PASSWORD}}\n    chat: '{settings.chat}'\n    look_every: 0.2\n"
        + (f"    stream: {stream}\n    watch: [lighthouse]\n" if stream else "")
        + "answer:\n  - {to: [mentions, replies, direct_messages]}\n  - {to: messages, words: [lighthouse]}\n"
        "approve: never\n",
        encoding="utf-8",
    )


@contextmanager
def a_bot(world: BlueskyWorld, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the bot in a process of its own until the block ends."""
    environment = {
        **os.environ,
        "ADA_PASSWORD": world.settings.password.reveal(),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    with (folder / "bot.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "greenroom", "run", "bot.yaml"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)


def answers(world: BlueskyWorld) -> Counter[str]:
    """Count the bot's posts by what they answer."""
    posts = [record["value"] for record in world.bot.records(POST)]
    return Counter(post.get("reply", {}).get("parent", {}).get("uri", "") for post in posts)


def wait_for(happened: Callable[[], object], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, (folder / "bot.log").read_text(encoding="utf-8")
        time.sleep(0.1)


def passes_by(stream: JetstreamServer, person: Person, made: dict[str, str]) -> str:
    """Let the stream bring a post; return its address."""
    return stream.create(person.did, made["uri"].rpartition("/")[2], person.record(made["uri"])["value"])


def test_a_bot_that_is_killed_answers_what_was_said_meanwhile_and_nothing_twice(
    bluesky_world: BlueskyWorld, stream: JetstreamServer, tmp_path: Path
) -> None:
    world, profile = bluesky_world, f"at://{bluesky_world.bot.did}/app.bsky.actor.profile/self"
    world.bot.set_profile(displayName="Ada")
    shy = register(world.bot.base, "shy")
    shy.set_profile(description="#nobot")
    write_files(world, tmp_path, stream=stream.url)
    with a_bot(world, tmp_path) as bot:
        # A new bot begins to listen at its first start; what was said before is none of its business.
        def first_answer() -> bool:
            world.alice.mention(world.bot, "are you there?")
            deadline = time.monotonic() + 2
            while not answers(world) and time.monotonic() < deadline:
                time.sleep(0.1)
            return bool(answers(world))

        wait_for(first_answer, tmp_path)
        wait_for(lambda: "labels" in world.bot.record(profile)["value"], tmp_path)
        bot.kill()
        bot.wait()
    second = world.alice.mention(world.bot, "and now?")["uri"]
    world.send_to_bot("and between us?")
    unasked = passes_by(stream, shy, shy.post("no bots at my lighthouse"))
    watched = passes_by(stream, world.alice, world.alice.post("who keeps the lighthouse?"))
    passes_by(stream, world.alice, world.alice.post("nothing of interest"))
    with a_bot(world, tmp_path):
        wait_for(lambda: answers(world)[second] and world.chat.sent_by(world.bot.did), tmp_path)
        wait_for(lambda: answers(world)[watched], tmp_path)
        third = world.alice.mention(world.bot, "and tomorrow?")["uri"]
        wait_for(lambda: answers(world)[third], tmp_path)
    assert set(answers(world).values()) == {1}
    assert unasked not in answers(world), "who wants no bots is left alone"
    assert len(world.chat.sent_by(world.bot.did)) == 1
    kept = world.bot.record(profile)["value"]
    assert (kept["displayName"], kept["labels"]["values"]) == ("Ada", [{"val": "bot"}])
    signed_in = [one for one in world.proxy.requests() if one.path.endswith("server.createSession")]
    assert len(signed_in) == 1, "the session outlives the bot"


def test_a_direct_message_whose_answer_is_lost_is_looked_up_and_not_sent_again(
    bluesky_world: BlueskyWorld, tmp_path: Path
) -> None:
    world = bluesky_world
    write_files(world, tmp_path)
    with a_bot(world, tmp_path) as bot:
        # Talked to before it is known to listen: what is said too early is none of its business.
        def first_answer() -> bool:
            world.alice.mention(world.bot, "are you there?")
            deadline = time.monotonic() + 2
            while not answers(world) and time.monotonic() < deadline:
                time.sleep(0.1)
            return bool(answers(world))

        wait_for(first_answer, tmp_path)
        world.order("lose", path=r"/xrpc/chat\.bsky\.convo\.sendMessage")
        # It is not in the conversation at the first look: that proves nothing about it.
        unseen = b'{"messages": []}'
        world.order("answer", method="GET", path=r"chat\.bsky\.convo\.getMessages", status=200, body=unseen)
        world.send_to_bot("between us?")
        wait_for(lambda: world.chat.sent_by(world.bot.did), tmp_path)
        wait_for(lambda: not world.proxy.orders, tmp_path)
        for _ in range(2):  # long enough for a second try, which would follow at once
            mention = world.alice.mention(world.bot, "and tomorrow?")["uri"]
            wait_for(lambda uri=mention: answers(world)[uri], tmp_path)  # type: ignore[misc]  # bound at once
        bot.terminate()
        bot.wait(30)
    assert len(world.chat.sent_by(world.bot.did)) == 1
