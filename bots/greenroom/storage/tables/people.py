"""What people told of themselves, as rows."""

from greenroom.storage.people import Audience, PersonFact
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database

__all__ = ["MOST", "about", "forget", "move", "note", "retire", "spoke"]

MOST = 20
"""Facts that are kept of one person; a newer one takes the place of the oldest."""


def note(commits: GroupCommit, fact: PersonFact, *, single: bool) -> None:
    """Queue a fact. A `single` one takes the place of what was known of its kind in the same place."""
    if single:
        commits.change(
            "DELETE FROM people_facts WHERE platform=? AND person=? AND kind=? AND audience=? AND place=?",
            fact.platform,
            fact.person,
            fact.kind,
            str(fact.audience),
            fact.place,
        )
    commits.change(
        "DELETE FROM people_facts WHERE platform=? AND person=? AND kind=? AND text=? AND audience=? AND place=?",
        fact.platform,
        fact.person,
        fact.kind,
        fact.text,
        str(fact.audience),
        fact.place,
    )
    commits.change(
        "INSERT INTO people_facts(platform,person,kind,text,audience,place,account,event_id,said,spoke) "
        "VALUES(?,?,?,?,?,?,?,?,?,?)",
        fact.platform,
        fact.person,
        fact.kind,
        fact.text,
        str(fact.audience),
        fact.place,
        fact.account,
        fact.event_id,
        fact.said,
        fact.said,
    )
    commits.change(
        "DELETE FROM people_facts WHERE platform=? AND person=? AND rowid NOT IN "
        "(SELECT rowid FROM people_facts WHERE platform=? AND person=? ORDER BY said DESC,rowid DESC LIMIT ?)",
        fact.platform,
        fact.person,
        fact.platform,
        fact.person,
        MOST,
    )


def spoke(commits: GroupCommit, platform: str, person: str, at: int) -> None:
    commits.change("UPDATE people_facts SET spoke=? WHERE platform=? AND person=?", at, platform, person)


def move(commits: GroupCommit, account: str, platform: str) -> None:
    commits.change(
        "UPDATE people_facts SET platform=? WHERE account=? AND platform<>? AND NOT EXISTS (SELECT 1 FROM "
        "people_facts k WHERE k.platform=? AND k.person=people_facts.person AND k.kind=people_facts.kind "
        "AND k.text=people_facts.text AND k.audience=people_facts.audience AND k.place=people_facts.place)",
        platform,
        account,
        platform,
        platform,
    )


def forget(commits: GroupCommit, platform: str, person: str) -> None:
    commits.change("DELETE FROM people_facts WHERE platform=? AND person=?", platform, person)


def retire(commits: GroupCommit, before: int) -> None:
    commits.change("DELETE FROM people_facts WHERE spoke<?", before)


def about(db: Database, platform: str, person: str) -> list[PersonFact]:
    rows = db.execute(
        "SELECT kind,text,audience,place,account,event_id,said FROM people_facts WHERE platform=? AND person=? "
        "ORDER BY said DESC,rowid DESC",
        (platform, person),
    )
    return [
        PersonFact(
            platform=platform,
            person=person,
            kind=kind,
            text=text,
            audience=Audience(audience),
            place=place,
            account=account,
            event_id=event_id,
            said=said,
        )
        for kind, text, audience, place, account, event_id, said in rows
    ]
