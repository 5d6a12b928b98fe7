"""One value of a bot file changed in place: every comment, and all the rest of the file, stays as it is."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

from greenroom.settings.accounts import Platforms
from greenroom.settings.bot import BotFile
from greenroom.settings.loader import body_of, load_bot
from greenroom_adapters.contract import ConfigurationError

__all__ = ["point_store", "put_in_place", "set_live", "silent_accounts"]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
"""What is no more than a word for YAML."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


def set_live(path: Path, account: str, *, live: bool, platforms: Platforms | None = None) -> bool:
    """Write into the bot file at `path` whether `account` is live; return False where that stood there already.

    The file is replaced in one step, once what it would be has been read back and says nothing else than before.

    :raises Mistakes: the file has mistakes of its own; it is left as it is
    :raises ConfigurationError: there is no such account, or the file is written in a way that only a person can edit
    """
    # a link stays a link
    path = path.resolve()
    body = body_of(path)
    before = load_bot(path, platforms=platforms, body=body)
    if account not in before.accounts:
        raise ConfigurationError(f"the bot has no account `{account}`; it has: {', '.join(sorted(before.accounts))}")
    if before.accounts[account].live is live:
        return False
    edited = _edited(body.decode("utf-8"), account, live=live).encode("utf-8")
    if not _says_only_that(path, edited, before, account, live=live, platforms=platforms):
        raise ConfigurationError(
            f"{path}: `{account}` is written in a way that cannot be edited by itself: "
            f"write `live: {_word(live)}` into it by hand"
        )
    put_in_place(path, edited)
    return True


def point_store(path: Path, ledger: Path) -> str | None:
    """Let the bot file at `path`, where it names a ledger, name the one at `ledger`; return what stood there; None:
    that very one, or nothing. Nothing else in it is read or changed.

    :raises ConfigurationError: it is written in a way that only a person can edit
    """
    try:
        text = body_of(path).decode("utf-8-sig")
        store = _value_of(_document(text), "store")
    except (yaml.YAMLError, UnicodeDecodeError):
        store = text = ""
    if store is None:
        return None
    folder = path.resolve().parent
    wanted = Path(os.path.relpath(ledger.resolve(), folder)).as_posix()
    quoted = wanted if _PLAIN.fullmatch(wanted) else "'{}'".format(wanted.replace("'", "''"))
    written = store.value if isinstance(store, yaml.ScalarNode) else None
    if written is not None and (folder / written).resolve() == ledger.resolve():
        return None
    if isinstance(store, yaml.ScalarNode):
        start, end = _span(store)
        edited = f"{text[:start]}{quoted}{text[end:]}"
        if _value_of(_document(edited), "store").value == wanted:
            put_in_place(path, edited.encode("utf-8"))
            return str(written)
    raise ConfigurationError(f"{path}: write `store: {wanted}` into it by hand: the ledger lies there")


def silent_accounts(body: bytes) -> frozenset[str]:
    """Return the accounts of which a bot file says `live: false`, however many mistakes it has beside that; none where
    it is no YAML."""
    try:
        accounts = _value_of(_document(body.decode("utf-8-sig")), "accounts")
    except (yaml.YAMLError, UnicodeDecodeError):
        return frozenset()
    pairs: list[tuple[Any, Any]] = accounts.value if isinstance(accounts, yaml.MappingNode) else []
    return frozenset(
        str(name.value)
        for name, account in pairs
        if isinstance(live := _value_of(account, "live"), yaml.ScalarNode) and live.value == _word(live=False)
    )


def _edited(text: str, account: str, *, live: bool) -> str:
    mark = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    node = _value_of(_value_of(_document(text), "accounts"), account)
    word = _word(live)
    if isinstance(node, yaml.ScalarNode):
        start, end = _span(node)
        return f"{mark}{text[:start]}{{platform: {text[start:end]}, live: {word}}}{text[end:]}"
    if (value := _value_of(node, "live")) is not None:
        start, end = _span(value)
        return f"{mark}{text[:start]}{word}{text[end:]}"
    platform = _value_of(node, "platform")
    if platform is None or not isinstance(node, yaml.MappingNode):
        return mark + text
    _, end = _span(platform)
    if node.flow_style:
        return f"{mark}{text[:end]}, live: {word}{text[end:]}"
    # a line of its own behind the platform's, whose comment stays with it
    end_of_line = min((at for at in (text.find("\r", end), text.find("\n", end)) if at >= 0), default=len(text))
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = " " * node.start_mark.column
    return f"{mark}{text[:end_of_line]}{newline}{indent}live: {word}{text[end_of_line:]}"


def _document(text: str) -> Any:
    # the same reader as everywhere else, see greenroom.settings.document
    node: Any = yaml.compose(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    return node


def _value_of(node: Any, key: str) -> Any:
    pairs: list[tuple[Any, Any]] = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _span(node: Any) -> tuple[int, int]:
    return int(node.start_mark.index), int(node.end_mark.index)


def _word(live: bool) -> str:
    return "true" if live else "false"


def _says_only_that(
    path: Path, body: bytes, before: BotFile, account: str, *, live: bool, platforms: Platforms | None
) -> bool:
    try:
        after = load_bot(path, platforms=platforms, body=body)
    except ConfigurationError:
        return False
    changed = before.accounts[account].model_copy(update={"live": live})
    wanted = {"accounts": {**before.accounts, account: changed}, "version": after.version}
    return after == before.model_copy(update=wanted)


def put_in_place(path: Path, body: bytes) -> None:
    """Put a file with `body` in the place of the one that is there, in one step and with its rights."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
