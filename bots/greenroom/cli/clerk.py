"""The person before the terminal, while an adapter walks him through signing in."""

import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping
from urllib.parse import parse_qsl, urlsplit

import typer

from greenroom.cli.visiting import RETURN_TO, Visit
from greenroom_adapters.contract import ConfigurationError, Secret
from greenroom_adapters.text import plain

__all__ = ["TerminalClerk"]


@contextlib.contextmanager
def _interruptible() -> Generator[None, None, None]:
    """Let Ctrl-C end what waits for a line. asyncio only notes the first one, for when its loop has its turn: while a
    person is asked that does not come."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_far_away() -> bool:
    """Say whether the person sits before another machine: a browser that opens here would be a text one at best."""
    here = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return bool(os.environ.get("SSH_CONNECTION")) and not here


class TerminalClerk:
    """A `Clerk` that asks on the terminal, or reads the answers line by line where standard input is none.

    Speaks on standard error, so that what a command answers stands alone on standard output.
    """

    def __init__(self, *, opens_browser: bool = True) -> None:
        """Without `opens_browser`, and over ssh, the person opens the page himself, on any machine, and pastes where he
        ended."""
        self._opens_browser = opens_browser and not _is_far_away()
        self._is_terminal = sys.stdin.isatty()

    def tell(self, text: str) -> None:
        """Show him a paragraph."""
        typer.echo(plain(text), err=True)

    async def ask(self, question: str, *, default: str = "") -> str:
        """Return what he answers, without spaces around it; `default` when he answers nothing.

        :raises ConfigurationError: nobody answers
        """
        if not self._is_terminal:
            return self._read_line(question) or default
        with _interruptible():
            shown: str = typer.prompt(plain(question), default=default, show_default=bool(default), err=True)
        return shown.strip() or default

    async def ask_secret(self, question: str) -> Secret:
        """Return what he types or pastes, which is not shown; perhaps nothing.

        :raises ConfigurationError: nobody answers
        """
        if not self._is_terminal:
            return Secret(self._read_line(question))
        with _interruptible():
            typed: str = typer.prompt(
                f"{plain(question)} (is not shown)", default="", show_default=False, hide_input=True, err=True
            )
        return Secret(typed.strip())

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        """Let him say yes in his browser; return the query with which the browser comes back.

        :raises Unavailable: he did not come back in time
        :raises ConfigurationError: what he pastes is not where a browser comes back to
        """
        if self._opens_browser:
            async with Visit() as visit:
                page = await address(visit.back)
                if await visit.open(page):
                    self.tell(f"Say yes in your browser. Where none has opened, open this page:\n\n  {page}\n")
                    return await visit.returned()
            self.tell("No browser can be opened on this machine.")
        page = await address(RETURN_TO)
        self.tell(
            f"Open this page in a browser, on any machine, and say yes:\n\n  {page}\n\n"
            f"It ends at an address that begins with {RETURN_TO} and that cannot be shown: that is as it should be."
        )
        pasted = await self.ask("Paste that address here")
        # a terminal may have broken the line
        parts = urlsplit("".join(pasted.split()))
        query = dict(parse_qsl(parts.query))
        if not query:
            raise ConfigurationError(f"that is not the address at which the browser ended: it begins with {RETURN_TO}?")
        return query

    def _read_line(self, question: str) -> str:
        self.tell(question)
        line = sys.stdin.readline()
        if not line:
            raise ConfigurationError(
                f"nobody answers here, and standard input has no line for: {plain(question, one_line=True)}"
            )
        return line.strip()
