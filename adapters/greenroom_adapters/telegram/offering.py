"""The commands that the bot offers, as Telegram wants them, set when they are others than before."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from greenroom_adapters.contract import Audience, Command, Keep, Unsupported
from greenroom_adapters.telegram.api import Api

__all__ = ["Offered", "Offering"]

KEPT = "commands_offered"
MOST = 100
"""Commands of one list (`setMyCommands`)."""
NAME = re.compile(r"[a-z0-9_]{1,32}")
DESCRIPTION = 256
EVERYBODY, KEEPERS = "default", "all_chat_administrators"
"""Scopes of lists: what everybody is shown, and what those are shown who keep order in a group."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """One command that is offered."""

    name: str
    """As the bot calls it; Telegram has no `-` in it, and writes `_` there."""
    is_private: bool


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    commands: dict[str, Offered]


class Offering:
    """The commands of one bot."""

    def __init__(self, api: Api, *, replaces: bool) -> None:
        """Not `replaces`: what the bot offers is left as it is, and whoever offers it answers it."""
        self._api = api
        self._replaces = replaces
        self._keep: Keep | None = None
        self._kept = _Kept(digest="", commands={})

    def keep_in(self, keep: Keep) -> None:
        """Remember there what is offered."""
        self._keep = keep

    async def recall(self) -> None:
        """Take up what was offered before a restart."""
        kept = None if self._keep is None else await self._keep.load(KEPT)
        if kept is not None:
            try:
                self._kept = KEEPING.decode(kept)
            except msgspec.DecodeError:
                self._kept = _Kept(digest="", commands={})

    def called(self, name: str) -> Offered | None:
        """Return what people mean who write this behind a slash; None: nothing that the bot offers."""
        return self._kept.commands.get(name.casefold()) if self._replaces else None

    async def offer(self, commands: Sequence[Command]) -> bool:
        """Set the commands in place of all that there are; say whether that was needed."""
        for command in commands:
            self._check(command)
        offered = {
            _wire(command.name): Offered(name=command.name, is_private=command.is_private) for command in commands
        }
        if len(commands) > MOST or len(offered) < len(commands):
            raise self._api.http.error(Unsupported, f"a bot has at most {MOST} commands, no two alike")
        lists = {
            EVERYBODY: [_body(command) for command in commands if command.audience is Audience.EVERYBODY],
            KEEPERS: [_body(command) for command in commands],
        }
        digest = sha256(msgspec.json.encode([lists, offered], order="sorted")).hexdigest()
        if not self._replaces or digest == self._kept.digest:
            return False
        for scope, bodies in lists.items():
            await self._api.set_commands(bodies, scope=scope)
        self._kept = _Kept(digest=digest, commands=offered)
        if self._keep is not None:
            await self._keep.store(KEPT, msgspec.json.encode(self._kept))
        return True

    def _check(self, command: Command) -> None:
        if NAME.fullmatch(_wire(command.name)) is None:
            raise self._api.http.error(
                Unsupported, f"{command.name!r} is no name of a command: 1 to 32 small letters, digits, - and _"
            )
        if not 1 <= len(command.description) <= DESCRIPTION:
            raise self._api.http.error(
                Unsupported, f"/{command.name} is described in 1 to {DESCRIPTION} characters on Telegram"
            )


def _wire(name: str) -> str:
    return name.replace("-", "_")


def _body(command: Command) -> Mapping[str, str]:
    """Return a command as the Bot API has it (`BotCommand`)."""
    return {"command": _wire(command.name), "description": command.description}


KEEPING = msgspec.json.Decoder(_Kept)
