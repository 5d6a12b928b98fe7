"""The crash test on every platform but the Stage, at a size for every run; `make crash` is the whole of it."""

import json
from collections.abc import Iterable, Mapping

import pytest
from crash import FAKES, NETWORKS
from crashing import crash

from greenroom.faults import POINTS

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(400),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]

SIZES: Mapping[str, tuple[int, int, int]] = {
    "bluesky": (30, 4, 6),
    "discord": (60, 4, 5),
    "facebook": (16, 2, 2),
    "instagram": (16, 3, 2),
    "mastodon": (40, 4, 6),
    "mastodon-keyed": (40, 4, 6),
    "matrix": (40, 4, 6),
    "nostr": (30, 3, 5),
    "telegram": (40, 4, 5),
    "threads": (12, 2, 2),
    "x": (30, 4, 4),
}
"""Platform → mentions, scheduled posts, kills at random instants."""
HEARD_LATE = frozenset({"matrix"})
"""Where what happens takes a moment to reach the bot, so that a kill in that moment shows a cursor that runs ahead."""
DEAR = frozenset({"bluesky", "facebook", "instagram", "mastodon", "mastodon-keyed", "nostr", "telegram", "threads"})
"""Where a second run would cost more than it shows: what counts there is tested by itself."""


def on(names: Iterable[str], *again: pytest.MarkDecorator) -> list[object]:
    """Return the platforms as parameters of a test. Those that are real servers have the marks `again` as well."""
    return [pytest.param(name, marks=[] if name in FAKES else [pytest.mark.server, *again]) for name in sorted(names)]


# a real server that is killed may lose by itself what it had taken: whether the bot lost it, a second run shows
@pytest.mark.parametrize("name", on(NETWORKS, pytest.mark.flaky(reruns=1)))
def test_nothing_is_lost_or_doubled_however_bot_and_server_die(name: str) -> None:
    mentions, posts, kills = SIZES[name]
    code, result = crash(
        *("--platform", name, "--mentions", str(mentions), "--posts", str(posts), "--kills", str(kills)),
        *("--server-kills", "1", "--lose-answers", "0.15"),
    )
    assert code == 0, json.dumps(result)
    if result["idempotency"] == "none":
        # what may have gone out is told to a person, whether it did or not
        assert 0 < result["parked"] < result["asked"]
        assert result["sent"] + result["parked"] >= result["asked"]
    else:
        assert result["sent"] == result["asked"]
    assert result["kills"] >= kills + len(POINTS) - len(result["points not reached"])


@pytest.mark.flaky(reruns=2)  # whether a kill falls where the planted bug shows is up to chance
@pytest.mark.parametrize("name", on(NETWORKS.keys() - DEAR))
def test_a_planted_double_makes_the_crash_test_fail(name: str) -> None:
    code, result = crash(
        *("--platform", name, "--mentions", "40", "--posts", "2", "--kills", "3", "--server-kills", "0"),
        *("--points", "none", "--lose-answers", "0.2", "--patience", "8", "--plant", "double"),
    )
    assert code == 1, json.dumps(result)
    assert result["doubled"] > 0, json.dumps(result)


@pytest.mark.flaky(reruns=2)  # whether a kill falls where the planted bug shows is up to chance
@pytest.mark.parametrize("name", on(HEARD_LATE))
def test_a_planted_loss_makes_the_crash_test_fail(name: str) -> None:
    code, result = crash(
        *("--platform", name, "--mentions", "30", "--posts", "2", "--kills", "3", "--server-kills", "0"),
        *("--points", ",".join(["after_inbox_insert"] * 3), "--lose-answers", "0.2", "--patience", "8"),
        *("--plant", "loss"),
    )
    assert code == 1, json.dumps(result)
    assert result["lost"] > 0, json.dumps(result)
