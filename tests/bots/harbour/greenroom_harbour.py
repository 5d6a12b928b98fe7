"""Somebody else's adapters, installed as anybody's are: a platform that signs people in, hands out sessions which it
takes back once, and can mark an account as a bot; and one that can do none of that. Behind both is a Stage."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import quote

import aiohttp
from typing_extensions import override

from greenroom_adapters.contract import (
    AuthenticationFailed,
    Clerk,
    ConfigurationError,
    Credentials,
    Forbidden,
    Keep,
    Secret,
    Standing,
)
from greenroom_adapters.stage import StageAdapter
from greenroom_adapters.stage.settings import StageSettings

__all__ = ["HarbourAdapter", "PierAdapter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HarbourSettings:
    """An account in the harbour."""

    server: str
    """Where the harbour is."""
    handle: str
    """Who the bot is there."""
    token: Secret
    """What lets it in."""
    sessions: Path | None = None
    """The harbour's own book of sessions; none: it hands out none."""
    buoys: tuple[str, ...] = ()
    """Where the way in is marked."""
    lamp: str = "green"
    """What is seen from afar."""


class HarbourAdapter(StageAdapter):
    """An account in the harbour."""

    platform: ClassVar[str] = "harbour"
    Settings: ClassVar[type[Any]] = HarbourSettings

    def __init__(self, settings: HarbourSettings, *, account: str) -> None:
        super().__init__(
            StageSettings(server=settings.server, handle=settings.handle, token=settings.token), account=account
        )
        self._book = settings.sessions
        self._keep: Keep | None = None

    def keep_in(self, keep: Keep) -> None:
        """Use this place."""
        self._keep = keep

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Ask where, let the person say yes in a browser, and take a token for what comes back."""
        clerk.tell("The harbour lets in whom its master knows.")
        server = known.get("server") or await clerk.ask("Where is the harbour?")
        if not server.startswith("http"):
            raise ConfigurationError("the harbour has an address like http://127.0.0.1:8765")
        word = secrets.token_urlsafe(16)

        async def page(back: str) -> str:
            return f"{server}/authorize?state={word}&back={quote(back, safe='')}"

        came = await clerk.visit(page)
        if came.get("state") != word:
            raise ConfigurationError("the browser came back from somewhere else")
        password = await clerk.ask_secret("The master's word?")
        if password.reveal() != "sesame":
            raise AuthenticationFailed("the harbour does not know that word")
        handle = came["code"]
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{server}/api/session", json={"handle": handle}) as answer,
        ):
            token = (await answer.json())["token"]
        return Credentials(
            settings={"server": server, "handle": handle, "buoys": known.get("buoys", "east, west")},
            secrets={"token": Secret(token)},
            handle=handle,
            notes=("The harbour closes at night.",),
        )

    async def declare(self) -> bool:
        """Refuse: this token may not write into the profile."""
        raise Forbidden("the token may not change the profile", platform=self.platform)

    @override
    async def __aenter__(self) -> Self:
        await self._use_session()
        return await super().__aenter__()

    @override
    async def check(self) -> Standing:
        await self._use_session()
        return await super().check()

    async def _use_session(self) -> None:
        """Show the harbour the session that it handed out last, and keep the one that it gives for it."""
        if self._book is None or self._keep is None:
            return
        mine = await self._keep.load("session")
        valid = json.loads(self._book.read_text()) if self._book.exists() else None
        if valid is not None and (mine is None or mine.decode() != valid):
            self._book.write_text(json.dumps("revoked"))
            raise AuthenticationFailed("this session was used before: all of them are ended")
        following = secrets.token_hex(8)
        self._book.write_text(json.dumps(following))
        await self._keep.store("session", following.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class PierSettings:
    """An account on the pier."""

    server: str
    """Where the pier is."""
    key: Secret
    """What opens its gate."""


class PierAdapter(StageAdapter):
    """An account on the pier, which cannot sign anybody in."""

    platform: ClassVar[str] = "pier"
    Settings: ClassVar[type[Any]] = PierSettings

    def __init__(self, settings: PierSettings, *, account: str) -> None:
        super().__init__(StageSettings(server=settings.server, token=settings.key), account=account)
