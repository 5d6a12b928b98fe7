"""A worker as `worker_bot.py`, of a version to come: its tables are one step further.

python tests/system/newer_worker.py BOT_FILE BILL
"""

import asyncio
import sys
from pathlib import Path

from worker_bot import work

from greenroom.storage.postgres import migrations
from greenroom.storage.tables.migrations import MIGRATIONS
from greenroom.telemetry import logging_to

STEP = "ALTER TABLE turns ADD COLUMN of_a_newer_version TEXT;"

if __name__ == "__main__":
    vars(migrations)["MIGRATIONS"] = (*MIGRATIONS, STEP)
    with logging_to(lambda entry: print(entry, file=sys.stderr, flush=True)):  # noqa: T201 - read when it fails
        asyncio.run(work(Path(sys.argv[1]), Path(sys.argv[2])))
