"""The commands that the bot offers, as Discord wants them, registered when they are others than before."""

import re
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from discord import Permissions

from greenroom_adapters.contract import Audience, Command, Keep, Unsupported
from greenroom_adapters.discord.api import Api

__all__ = ["Offering"]

KEPT = "commands_offered"
MOST = 100
"""Global commands of one application ("Application Commands")."""
NAME = re.compile(r"[\w'-]{1,32}")
DESCRIPTION = 100
TEXT_LENGTH = 2000
"""Of what is written behind a command: as long as a message may be."""
CHAT_INPUT, STRING = 1, 3
SERVER, DIRECT = 0, 1
"""Where a command can be given: in servers, in direct conversations with the bot."""
SHOWN_TO = {
    Audience.EVERYBODY: None,
    # nobody has no permission but who may do everything
    Audience.OWNER: 0,
    Audience.MODERATOR: Permissions(manage_messages=True).value,
}
"""The permissions that a member needs to be shown a command; those who manage a server can say it otherwise there."""


class _Offered(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    private: tuple[str, ...]


class Offering:
    """The commands of one application."""

    def __init__(self, api: Api, *, replaces: bool) -> None:
        """Not `replaces`: what the application offers is left as it is."""
        self._api = api
        self._replaces = replaces
        self._keep: Keep | None = None
        self._offered: _Offered | None = None

    def keep_in(self, keep: Keep) -> None:
        """Remember there what is offered."""
        self._keep = keep

    async def recall(self) -> None:
        """Take up what was offered before a restart."""
        kept = None if self._keep is None else await self._keep.load(KEPT)
        if kept is not None:
            try:
                self._offered = OFFERED.decode(kept)
            except msgspec.DecodeError:
                self._offered = None

    def is_private(self, name: str) -> bool:
        """Say whether the answer to a command is for whoever gave it alone. In doubt it is."""
        return self._offered is None or name in self._offered.private

    async def offer(self, application: str, commands: Sequence[Command]) -> bool:
        """Register the commands in place of all that there are; say whether that was needed."""
        for command in commands:
            self._check(command)
        names = [command.name for command in commands]
        if len(names) > MOST or len(set(names)) < len(names):
            raise self._api.http.error(Unsupported, f"an application has at most {MOST} commands, no two alike")
        bodies = [_body(command) for command in commands]
        private = tuple(sorted(command.name for command in commands if command.is_private))
        offered = _Offered(
            digest=sha256(msgspec.json.encode([application, bodies], order="sorted")).hexdigest(), private=private
        )
        is_new = self._replaces and (self._offered is None or self._offered.digest != offered.digest)
        if is_new:
            await self._api.replace_commands(application, bodies)
        if offered != self._offered:
            self._offered = offered
            if self._keep is not None:
                await self._keep.store(KEPT, msgspec.json.encode(offered))
        return is_new

    def _check(self, command: Command) -> None:
        if not NAME.fullmatch(command.name) or command.name != command.name.lower():
            raise self._api.http.error(
                Unsupported, f"{command.name!r} is no name of a command: 1 to 32 small letters, digits, - and _"
            )
        texts = [command.description] if command.text is None else [command.description, command.text]
        if not all(1 <= len(text) <= DESCRIPTION for text in texts):
            raise self._api.http.error(
                Unsupported, f"/{command.name} is described in 1 to {DESCRIPTION} characters on Discord"
            )


def _body(command: Command) -> dict[str, object]:
    """Return a command as the contract has it (`ApplicationCommandUpdateRequest`)."""
    body: dict[str, object] = {
        "type": CHAT_INPUT,
        "name": command.name,
        "description": command.description,
        "contexts": [SERVER] if command.audience is Audience.MODERATOR else [SERVER, DIRECT],
        "integration_types": [SERVER],
        "default_member_permissions": SHOWN_TO[command.audience],
    }
    if command.text is not None:
        option = {"type": STRING, "name": "text", "description": command.text, "required": command.needs_text}
        body["options"] = [{**option, "min_length": 1, "max_length": TEXT_LENGTH}]
    return body


OFFERED = msgspec.json.Decoder(_Offered)
