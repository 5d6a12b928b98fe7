"""What may be started for the engines: servers that speak MCP, and functions of the owner's own."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, model_validator
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.model import Model, Reading, Text, Truth, one_or_many, wrong
from greenroom.settings.secrets import SecretRef
from greenroom.settings.spelling import DURATION, MONEY, Money

__all__ = ["Tool", "is_address"]

LONGEST = timedelta(seconds=60)
MOST_CALLS = 20


def is_address(mcp: str) -> bool:
    """Tell whether an MCP server is called over HTTP; else it is a command that starts it."""
    return urlsplit(mcp).scheme in ("http", "https")


def _function(value: str, info: ValidationInfo) -> str:
    """Return FILE.py:NAME with the whole path of the file."""
    file, _, name = value.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise wrong(f"`{value[:60]}` is no function: write the file and its name, like tools.py:tide")
    return f"{info.context.folder / file}:{name}" if isinstance(info.context, Reading) else value


def _patience(value: timedelta) -> timedelta:
    if not timedelta(0) < value <= LONGEST:
        raise wrong("an answer does not wait longer than a minute for a tool: write 1 second to 60 seconds")
    return value


def _calls(value: int) -> int:
    if not 1 <= value <= MOST_CALLS:
        raise wrong(f"how often may it be called for one text? write a number from 1 to {MOST_CALLS}")
    return value


class Tool(Model):
    """One source of tools. Who may use it stands in the persona."""

    section: ClassVar[str] = "a tool"

    mcp: Text | None = None
    """A server that speaks MCP: its address, or the command that starts it."""
    python: Annotated[str, AfterValidator(_function), WithJsonSchema({"type": "string"})] | None = None
    """A function of your own, as FILE.py:NAME, relative to this file."""
    key: SecretRef | None = None
    """Of a server at an address: where its key is kept."""
    env: Annotated[tuple[Text, ...], one_or_many] = ()
    """Of a command: names of environment variables that it gets, beside the few that every program needs."""
    price: Annotated[Money, MONEY] | None = None
    """What one call costs; none: nothing."""
    within: Annotated[timedelta, DURATION, AfterValidator(_patience)] = timedelta(seconds=10)
    """What takes longer is given up."""
    calls: Annotated[int, AfterValidator(_calls)] = Field(default=3, json_schema_extra={"minimum": 1, "maximum": 20})
    """How often it is called for one text at the most."""
    trusted: Truth = False
    """true: what it returns is nobody's but yours. Otherwise it counts as words of a stranger."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Tool":
        if (self.mcp is None) == (self.python is None):
            raise wrong("a tool is either an MCP server (`mcp`) or a function (`python`): write one of them")
        over_http = self.mcp is not None and is_address(self.mcp)
        if self.key is not None and not over_http:
            raise wrong("`key` is for a server at an address; a command gets its secrets by `env`")
        if self.env and (self.mcp is None or over_http):
            raise wrong("`env` is for a command that is started here")
        return self

    @property
    def function(self) -> tuple[Path, str]:
        """File and name of a function."""
        file, _, name = (self.python or "").rpartition(":")
        return Path(file), name
