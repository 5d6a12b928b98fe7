"""A whole bot on a real Synapse."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from matrix_world import MatrixWorld

pytestmark = [pytest.mark.server, pytest.mark.system, pytest.mark.timeout(180)]


def write_files(world: MatrixWorld, folder: Path, *, more: str = "") -> None:
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\nvoice: dry and kind\n", encoding="utf-8")
    (folder / "bot.yaml").write_text(
        "bot: ada\npersona: ada.yaml\naccounts:\n  chat:\n    platform: matrix\n"
        f"    server: {world.bot.base}\n    token: {{env: ADA_TOKEN}}\n    user: '{world.bot.id}'\n"
        f"answer: mentions\napprove: never\n{more}",
        encoding="utf-8",
    )


def environment(world: MatrixWorld) -> dict[str, str]:
    return {
        **os.environ,
        "ADA_TOKEN": world.bot.token,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


@contextmanager
def a_bot(world: MatrixWorld, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the bot in a process of its own until the block ends."""
    with (folder / "bot.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "greenroom", "run", "bot.yaml"],
            cwd=folder,
            env=environment(world),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answers(world: MatrixWorld) -> Counter[str]:
    """Count the bot's messages by what they answer."""
    return Counter(
        event["content"].get("m.relates_to", {}).get("m.in_reply_to", {}).get("event_id", "")
        for event in world.alice.messages(world.home)
        if event["sender"] == world.bot.id and event["type"] == "m.room.message"
    )


def answered(world: MatrixWorld, event: str, folder: Path) -> None:
    """Return when there is an answer to this message."""
    deadline = time.monotonic() + 60
    while not answers(world)[event]:
        assert time.monotonic() < deadline, (folder / "bot.log").read_text(encoding="utf-8")
        time.sleep(0.1)


def test_a_bot_that_is_killed_answers_what_was_said_meanwhile_and_nothing_twice(
    matrix_world: MatrixWorld, tmp_path: Path
) -> None:
    world = matrix_world
    write_files(world, tmp_path)
    with a_bot(world, tmp_path) as bot:
        # A new bot begins to listen at its first start; what was said before is none of its business.
        deadline = time.monotonic() + 60
        while not answers(world):
            assert time.monotonic() < deadline, (tmp_path / "bot.log").read_text(encoding="utf-8")
            world.alice.say(world.home, "are you there?", mention=world.bot)
            time.sleep(3)
        bot.kill()
        bot.wait()
    second = world.alice.say(world.home, "and now?", mention=world.bot)
    with a_bot(world, tmp_path):
        answered(world, second, tmp_path)
        third = world.alice.say(world.home, "and tomorrow?", mention=world.bot)
        answered(world, third, tmp_path)
    assert set(answers(world).values()) == {1}


@pytest.mark.parametrize(
    ("places", "is_homeless"), [("", True), (", in: chat", True), (", in: 'chat/#lounge:localhost'", False)]
)
def test_checking_names_the_posts_that_have_no_room_to_appear_in(
    matrix_world: MatrixWorld, tmp_path: Path, places: str, is_homeless: bool
) -> None:
    write_files(matrix_world, tmp_path, more=f"post: {{name: log, every: 1 day{places}}}\n")
    checked = subprocess.run(
        [sys.executable, "-m", "greenroom", "check", "bot.yaml"],
        cwd=tmp_path,
        env=environment(matrix_world),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr
    said = " ".join(checked.stdout.split())
    assert ("warning: chat: has no place for `log`" in said) is is_homeless, said
