"""What is known of people moves to the server that gave them their ids."""

from collections.abc import Mapping

from greenroom.policy.consent import LAST_WORD
from greenroom.storage import REALM, Ledger

__all__ = ["settle_realms"]


async def settle_realms(ledger: Ledger, platforms: Mapping[str, str], realms: Mapping[str, str]) -> None:
    """Note the realm of each account, and queue that what earlier versions kept under the platform stands there.

    What somebody said of himself goes with the account that heard it. Which server a stop was meant for was not kept,
    so it holds on all of them that the bot knew: nobody is spoken to against his will, and who says start is answered
    again.
    """
    known = await ledger.facts(REALM)
    stopped = await ledger.stopped()
    words = await ledger.facts(LAST_WORD)
    moved: dict[str, set[str]] = {}
    for account, realm in realms.items():
        if f"{REALM}{account}" not in known and realm != platforms[account]:
            moved.setdefault(platforms[account], set()).add(realm)
            ledger.move_facts(account, realm)
        if known.get(f"{REALM}{account}") != realm:
            ledger.remember(f"{REALM}{account}", realm)
    for platform, servers in moved.items():
        for one in stopped:
            if one.platform == platform:
                for server in servers:
                    ledger.stop_speaking(server, one.person, one.handle, at=one.at)
                ledger.speak_again(platform, one.person)
        before = f"{LAST_WORD}{platform}/"
        for name, value in words.items():
            if name.startswith(before):
                for server in servers:
                    ledger.remember(f"{LAST_WORD}{server}/{name.removeprefix(before)}", value)
                ledger.forget_fact(name)
    await ledger.committed()
