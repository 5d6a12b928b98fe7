"""With a new ledger a bot begins again, and its numbers do; a platform that knows the old keys takes what it says."""

from pathlib import Path

import pytest

from greenroom.scheduling.identity import numbered
from greenroom.storage import State, move_aside
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, Forbidden


@pytest.mark.parametrize("by_command", [True, False])
@pytest.mark.asyncio
async def test_a_post_by_hand_goes_out_though_an_earlier_ledger_gave_its_number(
    tmp_path: Path, *, by_command: bool
) -> None:
    trial = Trial(tmp_path)
    for text in ("Open until noon.", "Closed today: storm."):
        async with trial:
            command = {"command": 1} if by_command else {}
            answer = await trial.bot.commands.obey("post", {"text": text, **command})
            await trial.counted({State.SENT: 1})
            (turn,) = await trial.bot.ledger.turns()
            assert answer["events"] == [turn.event_id], "whoever asked finds it"
        move_aside(tmp_path / "data" / "ada.db", stamp=text[:4])
    assert trial.platform.texts == ["Open until noon.", "Closed today: storm."]


@pytest.mark.asyncio
async def test_the_owner_is_told_though_an_earlier_ledger_gave_the_number_of_the_entry(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules="answer: mentions\ntell: home/@maria\n")
    trial.platform.people["maria"] = Author(id="u9", handle="maria")
    for times in (1, 2):
        async with trial:
            trial.platform.answers.append(Forbidden("no"))
            trial.mention()
            await trial.counted({State.DEAD: 1})
            await trial.past(lambda times=times: len(trial.platform.posts) == times)  # type: ignore[misc]  # bound to this round
        move_aside(tmp_path / "data" / "ada.db", stamp=str(times))


def test_what_an_old_ledger_has_numbered_keeps_its_name() -> None:
    assert numbered(7, ledger="") == "7"
    assert numbered(7, ledger="a") != numbered(7, ledger="b")
