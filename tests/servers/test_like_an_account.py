"""A persona that writes as its owner does on an account that he has signed in, on real servers."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bluesky_world import BlueskyWorld
from matrix_world import MatrixWorld
from nostr_world import NostrWorld
from snac_world import SnacWorld

from greenroom_adapters.testing import World

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]

HAND = [
    "Low water at six. The gulls were first at the slip again.",
    "Two boats in, one out. Nobody hurries on a Sunday.",
    "Fog until noon, then the whole bay at once.",
    "The new bollard is painted. Do not sit on it.",
    "Wind from the west, and the flags say so as well.",
    "Somebody left a red boot on the quay. It is in the office.",
]


def measured(folder: Path, account: str, secret: str) -> "subprocess.CompletedProcess[str]":
    """Type the command of an owner whose bot file has this account, its secret in the variable `SECRET`."""
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    (folder / "quay-bot.yaml").write_text(
        f"bot: quay\npersona: ada.yaml\naccounts: {{social: {account}}}\n", encoding="utf-8"
    )
    command = ["new", "--like", "quay/social", "--name", "Halda", "--who", "a water mill"]
    return subprocess.run(
        [sys.executable, "-m", "greenroom", *command],
        cwd=folder,
        env=os.environ | {"SECRET": secret, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def is_measured(folder: Path, said: "subprocess.CompletedProcess[str]") -> None:
    assert said.returncode == 0, said.stderr
    assert f"Measured from {len(HAND)} posts" in said.stdout
    persona = (folder / "halda.yaml").read_text(encoding="utf-8")
    assert any(text in persona for text in HAND)
    assert not (folder / "data").exists(), "nothing is kept"


def test_what_was_written_by_hand_in_a_room_of_matrix_is_measured(matrix_world: MatrixWorld, tmp_path: Path) -> None:
    world = matrix_world
    owner = world.bot.sign_in_again()
    for text in HAND:
        owner.say(world.home, text)
    account = f'{{platform: matrix, server: "{world.bot.base}", token: {{env: SECRET}}, home: "{world.alias}"}}'
    is_measured(tmp_path, measured(tmp_path, account, world.bot.token))


def test_what_was_written_by_hand_on_nostr_is_measured(nostr_world: NostrWorld, tmp_path: Path) -> None:
    world = nostr_world
    for text in HAND:
        world.line.send(world.bot.event(1, text, [], at=int(time.time())))
    account = f'{{platform: nostr, relays: "{world.url}", key: {{env: SECRET}}}}'
    is_measured(tmp_path, measured(tmp_path, account, world.nsec))


def on_snac(world: SnacWorld) -> tuple[str, str]:
    return f'{{platform: mastodon, server: "{world.base}", token: {{env: SECRET}}}}', world.bot.token


def on_bluesky(world: BlueskyWorld) -> tuple[str, str]:
    told = world.settings
    account = (
        f'{{platform: bluesky, handle: {told.handle}, password: {{env: SECRET}}, server: "{told.server}", '
        f'pds: "{told.pds}", direct: false}}'
    )
    return account, told.password.reveal()


@pytest.mark.parametrize(("place", "signed_in"), [("snac_world", on_snac), ("bluesky_world", on_bluesky)])
def test_where_an_account_does_not_show_its_own_posts_a_file_is_asked_for(
    request: pytest.FixtureRequest, tmp_path: Path, place: str, signed_in: Callable[[World], tuple[str, str]]
) -> None:
    said = measured(tmp_path, *signed_in(request.getfixturevalue(place)))
    assert said.returncode == 1
    assert "does not show its own posts: save them as a file" in said.stderr
