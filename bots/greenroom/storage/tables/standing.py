"""What holds until it is changed: how far was looked, what is held back, who is left alone, files, facts."""

from collections.abc import Sequence
from pathlib import Path

from greenroom.clock import from_micros, to_micros
from greenroom.storage.records import KeptFile, PersonaVersion, ScheduleMark, Stopped
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database
from greenroom_adapters.contract import Quota

__all__ = [
    "cursors",
    "facts",
    "forget_cursors",
    "forget_fact",
    "forget_facts",
    "hand",
    "hands",
    "keep_files",
    "kept_files",
    "mark",
    "marks",
    "pace",
    "pause",
    "paused",
    "persona_versions",
    "quotas",
    "remember",
    "resume",
    "speak_again",
    "stop_speaking",
    "stopped",
]

PERSONA = "persona"
"""What the file of a persona is to its bot."""

_SPOKEN_WITH = (
    "SELECT t.persona,min(t.changed),max(t.changed),count(*),coalesce(sum(s.cost),0) FROM turns t "
    "LEFT JOIN (SELECT turn,sum(coalesce(settled,reserved)) AS cost FROM spend GROUP BY turn) s "
    "ON s.turn=t.account||' '||t.event_id WHERE t.persona<>'' GROUP BY t.persona"
)
"""Version → when it spoke first and last, how often, and what that cost."""

# how far a platform, a schedule has been looked at


def cursors(db: Database, account: str) -> dict[str, str]:
    return dict(db.execute("SELECT source,cursor FROM cursors WHERE account=?", (account,)).fetchall())


def forget_cursors(commits: GroupCommit) -> None:
    commits.change("DELETE FROM cursors")


def mark(commits: GroupCommit, mark: ScheduleMark) -> None:
    commits.change(
        "INSERT INTO schedules(name,until,form,present) VALUES(?,?,?,?) ON CONFLICT(name) "
        "DO UPDATE SET until=excluded.until,form=excluded.form,present=excluded.present",
        mark.name,
        mark.until,
        mark.form,
        mark.present,
    )


def marks(db: Database) -> dict[str, ScheduleMark]:
    rows = db.execute("SELECT name,until,form,present FROM schedules")
    return {
        name: ScheduleMark(name=name, until=until, form=form, present=bool(present))
        for name, until, form, present in rows
    }


# what holds an account back


def pace(commits: GroupCommit, account: str, quota: Quota) -> None:
    commits.change(
        'INSERT INTO pacing(account,bucket,"limit",remaining,resets) VALUES(?,?,?,?,?) ON CONFLICT(account,bucket) '
        'DO UPDATE SET "limit"=excluded."limit",remaining=excluded.remaining,resets=excluded.resets',
        account,
        quota.bucket,
        quota.limit,
        quota.remaining,
        to_micros(quota.resets_at),
    )


def quotas(db: Database, account: str) -> list[Quota]:
    rows = db.execute('SELECT bucket,"limit",remaining,resets FROM pacing WHERE account=?', (account,))
    return [
        Quota(bucket=bucket, limit=limit, remaining=remaining, resets_at=from_micros(resets))
        for bucket, limit, remaining, resets in rows
    ]


def pause(commits: GroupCommit, account: str, why: str, *, now: int) -> None:
    commits.change(
        "INSERT INTO paused(account,at,why) VALUES(?,?,?) ON CONFLICT(account) DO UPDATE SET why=excluded.why",
        account,
        now,
        why,
    )


def resume(commits: GroupCommit, account: str) -> None:
    commits.change("DELETE FROM paused WHERE account=?", account)


def paused(db: Database) -> dict[str, str]:
    return dict(db.execute("SELECT account,why FROM paused").fetchall())


# whom the bot leaves alone, where it leaves the word to a person


def stop_speaking(commits: GroupCommit, platform: str, person: str, handle: str, *, at: int) -> None:
    commits.change(
        "INSERT INTO stopped(platform,person,handle,at) VALUES(?,?,?,?) ON CONFLICT DO NOTHING",
        platform,
        person,
        handle,
        at,
    )


def speak_again(commits: GroupCommit, platform: str, person: str) -> None:
    commits.change("DELETE FROM stopped WHERE platform=? AND person=?", platform, person)


def stopped(db: Database) -> list[Stopped]:
    rows = db.execute("SELECT platform,person,handle,at FROM stopped ORDER BY platform,handle")
    return [Stopped(platform=platform, person=person, handle=handle, at=at) for platform, person, handle, at in rows]


def hand(commits: GroupCommit, account: str, conversation: str, at: int) -> None:
    commits.change(
        "INSERT INTO hands(account,conversation,at) VALUES(?,?,?) ON CONFLICT(account,conversation) "
        "DO UPDATE SET at=CASE WHEN excluded.at>hands.at THEN excluded.at ELSE hands.at END",
        account,
        conversation,
        at,
    )


def hands(db: Database, since: int) -> dict[tuple[str, str], int]:
    rows = db.execute("SELECT account,conversation,at FROM hands WHERE at>=?", (since,))
    return {(account, conversation): at for account, conversation, at in rows}


# the owner's files, small facts


def keep_files(commits: GroupCommit, files: Sequence[KeptFile], *, now: int) -> None:
    commits.change("DELETE FROM files")
    for file in files:
        commits.change(
            "INSERT INTO files(role,path,body,version,at) VALUES(?,?,?,?,?)",
            file.role,
            str(file.path),
            file.body,
            file.version,
            now,
        )
        if file.role == PERSONA:
            commits.change(
                "INSERT INTO versions(version,body,since,last) VALUES(?,?,?,?) ON CONFLICT(version) "
                "DO UPDATE SET last=excluded.last",
                file.version,
                file.body,
                now,
                now,
            )


def persona_versions(db: Database) -> list[PersonaVersion]:
    kept = {row[0]: row[1:] for row in db.execute("SELECT version,body,since,last FROM versions")}
    used = {row[0]: row[1:] for row in db.execute(_SPOKEN_WITH)}
    found: list[tuple[int, PersonaVersion]] = []
    for version in kept.keys() | used.keys():
        body, since, last = kept.get(version, (None, None, None))
        first, until, turns, cost = used.get(version, (since, last, 0, 0))
        one = PersonaVersion(
            version=version,
            body=body,
            since=first if since is None else since,
            until=until if last is None else max(last, until),
            turns=turns,
            cost=cost,
        )
        found.append((one.until if last is None else last, one))
    return [one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1].version))]


def kept_files(db: Database) -> dict[str, KeptFile]:
    return {
        role: KeptFile(role=role, path=Path(path), body=body, version=version)
        for role, path, body, version in db.execute("SELECT role,path,body,version FROM files")
    }


def remember(commits: GroupCommit, name: str, value: str) -> None:
    commits.change(
        "INSERT INTO facts(name,value) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        name,
        value,
    )


def forget_fact(commits: GroupCommit, name: str) -> None:
    commits.change("DELETE FROM facts WHERE name=?", name)


def forget_facts(commits: GroupCommit, beginning: str) -> None:
    commits.change("DELETE FROM facts WHERE substr(name,1,?)=?", len(beginning), beginning)


def facts(db: Database, beginning: str) -> dict[str, str]:
    rows = db.execute("SELECT name,value FROM facts WHERE substr(name,1,?)=?", (len(beginning), beginning))
    return dict(rows.fetchall())
