"""Of what a bot is made beside its ledger: its files, and what is set where it runs."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from greenroom.memory.documents import files_of
from greenroom.origins import files_of_drafts, read_calendar
from greenroom.personas import Persona
from greenroom.settings import Account, BotFile, ModelRef, PainterRef, SecretRef, account_folder
from greenroom.settings.loader import body_of

__all__ = ["named_files", "secret_files", "to_set"]

_OWN = frozenset({"file", "store"})
"""Fields that say where a file itself, or the ledger, lies."""


def named_files(file: BotFile, persona: Persona) -> Iterator[Path]:
    """Yield every file of which a bot is made. Reads its tables and looks into folders."""
    assert file.file is not None  # noqa: S101 - it was read from there
    yield file.file
    yield file.persona
    yield from _paths(file)
    yield from _paths(persona)
    if persona.knowledge is not None:
        yield from files_of(persona.knowledge.files)
    for tool in file.tools.values():
        if tool.python is not None:
            yield tool.function[0]
    for entry in file.post:
        if entry.origin is not None and entry.origin.folder is not None:
            yield from files_of_drafts(entry.origin.folder, timezone=file.timezone)
        if entry.origin is not None and entry.origin.calendar is not None:
            rows = read_calendar(entry.origin.calendar, body_of(entry.origin.calendar), file=file)
            yield from (Path(media.path) for row in rows for media in row.media)


def secret_files(file: BotFile) -> Iterator[Path]:
    """Yield each file that holds a secret of a bot, as it names them."""
    assert file.file is not None  # noqa: S101 - it was read from there
    folder = file.file.resolve().parent
    for account in file.accounts.values():
        yield from (folder / ref.file for ref in _settings(account) if ref.file is not None)
    for ref in _references(file.model_copy(update={"accounts": {}})):
        if ref.file is not None:
            yield ref.file


def _settings(account: Account) -> Iterator[SecretRef]:
    for value in account.settings.values():
        written: Mapping[str, object] = (
            cast("Mapping[str, object]", value) if isinstance(value, Mapping) else dict[str, object]()
        )
        if len(written) == 1 and set(written) <= SecretRef.model_fields.keys():
            yield SecretRef.model_validate(written)


def _paths(value: object) -> Iterator[Path]:
    """Yield every path that a file names, but for those of secrets."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel) and not isinstance(value, SecretRef):
        for name in type(value).model_fields:
            if name not in _OWN or not isinstance(value, BotFile | Persona):
                yield from _paths(getattr(value, name))
    elif isinstance(value, Mapping):
        yield from _each(cast("Mapping[object, object]", value).values())
    elif isinstance(value, tuple | list | frozenset):
        yield from _each(cast("Iterable[object]", value))


def _each(values: Iterable[object]) -> Iterator[Path]:
    for value in values:
        yield from _paths(value)


def to_set(file: BotFile) -> Iterator[str]:
    """Yield what the bot needs beside its files, in words."""
    for name, account in file.accounts.items():
        if account_folder(file.home, name).is_dir():
            yield f"account `{name}`: sign in with `greenroom login {name}`"
        yield from (f"account `{name}`: {ref}" for ref in _settings(account))
    yield from (str(ref) for ref in _references(file.model_copy(update={"accounts": {}})))
    for engine in (*file.engines.text, *file.engines.image):
        if isinstance(engine, ModelRef | PainterRef) and engine.key is None and engine.server is None:
            yield "the environment variable OPENAI_API_KEY"


def _references(value: object) -> Iterator[SecretRef]:
    if isinstance(value, SecretRef):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _references(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in cast("Mapping[object, object]", value).values():
            yield from _references(one)
    elif isinstance(value, tuple | list):
        for one in cast("Iterable[object]", value):
            yield from _references(one)
