"""After a disk was put back as it once was, the lines of docs/deploy.md let the ledger be known for a copy."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.storage import State
from greenroom.testing import Trial

DOCUMENT = Path(__file__).parents[3] / "docs" / "deploy.md"


@pytest.mark.skipif(sys.platform == "win32", reason="the lines are those of a shell")
@pytest.mark.asyncio
async def test_a_ledger_of_a_restored_disk_rehearses_and_has_lost_nothing_of_what_it_knew(tmp_path: Path) -> None:
    (lines,) = re.findall(r"^cp .*\nmv .*$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    trial = Trial(tmp_path)
    await trial.start()
    trial.mention("is the lamp lit?")
    await trial.counted({State.SENT: 1})
    snapshot = tmp_path / "snapshot"
    shutil.copytree(tmp_path / "data", snapshot)
    trial.mention("and now?")
    await trial.counted({State.SENT: 2})
    await trial.stop()
    # the disk is put back: every file keeps its place on it, what came later is gone
    for file in (tmp_path / "data").iterdir():
        if not (snapshot / file.name).exists():
            file.unlink()
        elif file.is_file():
            file.write_bytes((snapshot / file.name).read_bytes())
    for left in snapshot.iterdir():
        if left.is_file() and not (tmp_path / "data" / left.name).exists():
            shutil.copyfile(left, tmp_path / "data" / left.name)
    subprocess.run(["sh", "-ec", lines.replace("vera.db", "ada.db")], cwd=tmp_path, check=True, timeout=60)  # noqa: ASYNC221, S603, S607
    async with trial:
        assert trial.bot.ledger.strayed is not None
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        assert len(trial.platform.texts) == 2
