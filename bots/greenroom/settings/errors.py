"""What is wrong in an owner's files: every mistake at once, each with its place and its mend."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from greenroom_adapters.contract import ConfigurationError

__all__ = ["Mistake", "Mistakes", "SecretMissing"]

_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}
"""What would break a line, or move the cursor of a terminal: it is shown as an escape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing to mend. Prints as `path:line:column: reason`."""

    path: Path
    line: int | None
    """From 1; None: the file as a whole."""
    column: int | None
    """From 1, in characters."""
    reason: str
    """What is wrong and what to write instead; printed on one line. Never the value of a secret."""

    @override
    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line is not None else ""
        return f"{self.path}{place}: {self.reason.translate(_CONTROLS)}"


class Mistakes(ConfigurationError):
    """A file cannot be used as it stands. The message has one line for each mistake, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        once = dict.fromkeys(mistakes)
        self.mistakes = tuple(sorted(once, key=lambda one: (str(one.path), one.line or 0, one.column or 0)))
        super().__init__("\n".join(map(str, self.mistakes)))


class SecretMissing(ConfigurationError):
    """A secret is not where its reference says. Names the place and who needs it, never a value."""
