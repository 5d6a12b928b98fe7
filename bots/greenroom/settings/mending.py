"""Keys of an owner's file written as they are called: those that were renamed, and those that were spelled otherwise.
Every comment, and all the rest of the file, stays as it is."""

from collections.abc import Iterator
from pathlib import Path

from greenroom.settings.accounts import Platforms
from greenroom.settings.editing import BOM, put_in_place
from greenroom.settings.errors import Mistakes
from greenroom.settings.loader import body_of, meant_in
from greenroom.settings.model import Meant, Model

__all__ = ["mend", "outdated"]


def outdated(model: type[Model], path: Path, *, platforms: Platforms | None = None) -> list[str]:
    """Return a sentence for each key of the file that was renamed: it is understood for a while yet."""
    try:
        found = meant_in(model, path, body_of(path), platforms=platforms)
    except Mistakes:
        # told elsewhere
        return []
    return [
        f"{path}:{one.line}:{one.column}: `{one.written}` is called `{one.key}` since {_dotted(one.renamed.since)}, "
        f"and is not understood any more in {_dotted(one.renamed.until)}: `greenroom check --fix` rewrites it"
        for one in found
        if one.renamed is not None
    ]


def mend(model: type[Model], path: Path, *, platforms: Platforms | None = None) -> list[str]:
    """Write the keys of the file at `path` as they are called; return what was changed, each with its place. A key that
    can have been meant to be another one stays.

    The file is replaced in one step, once what it would be has been read back.

    :raises Mistakes: it cannot be read at all
    :raises OSError: it cannot be written
    """
    # a link stays a link
    path = path.resolve()
    body = body_of(path)
    found = meant_in(model, path, body, platforms=platforms)
    text = body.decode("utf-8")
    mark = BOM if text.startswith(BOM) else ""
    lines = text.removeprefix(BOM).split("\n")
    changed = [one for one in reversed(found) if one.is_clear and _rewritten(lines, one)]
    if not changed:
        return []
    edited = (mark + "\n".join(lines)).encode("utf-8")
    left = [(one.line, one.written, one.key) for one in found if one not in changed]
    if [(one.line, one.written, one.key) for one in meant_in(model, path, edited, platforms=platforms)] != left:
        return []
    put_in_place(path, edited)
    return [f"{path}:{one.line}:{one.column}: `{one.written}` is written `{one.key}` now" for one in reversed(changed)]


def _rewritten(lines: list[str], one: Meant) -> bool:
    """Write one key in its line as it is called; say whether it stands there in a way that can be edited."""
    line, at = lines[one.line - 1], one.column - 1
    for written in _spellings(one.written):
        if line.startswith(written, at):
            lines[one.line - 1] = line[:at] + written.replace(one.written, one.key) + line[at + len(written) :]
            return True
    return False


def _spellings(key: str) -> Iterator[str]:
    yield key
    yield f'"{key}"'
    yield f"'{key}'"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
