"""Bot file to model: every mistake at once, each with file, line and column."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from greenroom.settings.accounts import Platforms, check_accounts
from greenroom.settings.bot import BotFile
from greenroom.settings.document import Items, Located, parse, place_of
from greenroom.settings.errors import Mistake, Mistakes
from greenroom.settings.model import Meant, Model, Reading
from greenroom.settings.prices import PriceFile, priced
from greenroom.settings.reasons import causes, reason_of
from greenroom.settings.secrets import HOW_TO_REFER

__all__ = ["body_of", "load_bot", "load_model", "meant_in"]

M = TypeVar("M", bound=Model)


def load_bot(
    path: Path,
    *,
    platforms: Platforms | None = None,
    body: bytes | None = None,
    prices: Callable[[Path], bytes] | None = None,
    is_kept: bool = False,
) -> BotFile:
    """Return what the bot file at `path` says, with every default filled in, and what its engines cost by the price
    file that it names. Reads no secret and no persona.

    `prices` reads the price file; None: it is read where it stands. With `platforms` (see
    `greenroom.settings.accounts`) what an account writes for its platform is checked as well. `body` and `is_kept`
    as in `load_model`.

    :raises Mistakes: with every mistake that was found
    """
    file = load_model(BotFile, path, platforms=platforms, body=body, is_kept=is_kept)
    if file.prices is None:
        return file
    return priced(file, load_model(PriceFile, file.prices, body=(prices or body_of)(file.prices)))


def load_model(
    model: type[M],
    path: Path,
    *,
    platforms: Platforms | None = None,
    body: bytes | None = None,
    is_kept: bool = False,
) -> M:
    """Return the file at `path` as a `model`, with `file` and `version` filled in.

    `body` is what stands in it, where that was read already. `is_kept`: it stood there earlier, and the files that it
    names may have gone since.

    :raises Mistakes: with every mistake that was found
    """
    path = Path(path)
    data = body_of(path) if body is None else body
    loaded, found, _ = _read(model, path, data, platforms=platforms, is_kept=is_kept)
    if found or loaded is None:
        raise Mistakes(Mistake(path=path, line=line, column=column, reason=reason) for line, column, reason in found)
    return loaded.model_copy(update={"file": path, "version": hashlib.sha256(data).hexdigest()})


def meant_in(model: type[Model], path: Path, body: bytes, *, platforms: Platforms | None = None) -> list[Meant]:
    """Return the keys of a file that are read as others, in its order, whatever else is wrong in it.

    :raises Mistakes: it cannot be read at all
    """
    _, _, meant = _read(model, path, body, platforms=platforms, is_kept=False)
    return sorted(dict.fromkeys(meant), key=lambda one: (one.line, one.column))


def _read(
    model: type[M], path: Path, data: bytes, *, platforms: Platforms | None, is_kept: bool
) -> tuple[M | None, list[tuple[int, int, str]], list[Meant]]:
    """Return what a file says, what is wrong in it, and which of its keys were read as others."""
    document = parse(data, path=path)
    reading = _reading(document, path)
    reading.is_kept = is_kept
    keys = list(_keys_in_plain_sight(document))
    found: list[tuple[int, int, str]] = []
    loaded: M | None = None
    try:
        loaded = model.model_validate(document, context=reading, by_alias=True, by_name=False)
    except ValidationError as error:
        found += [(*place_of(document, one["loc"]), reason_of(one)) for one in causes(error)]
    if platforms is not None:
        found += check_accounts(document, reading, platforms)
    return loaded, _without_keys(reading.complaints + found, keys), reading.meant


def body_of(path: Path) -> bytes:
    """Return what stands in the file at `path`.

    :raises Mistakes: it cannot be read
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or "unreadable"
        raise Mistakes([Mistake(path=path, line=None, column=None, reason=reason)]) from error


def _reading(document: Located, path: Path) -> Reading:
    """Return what the validators of one part need to know of the others."""
    accounts, rooms = document.get("accounts"), document.get("rooms")
    addresses: dict[str, object] = {}
    for name, room in rooms.items() if isinstance(rooms, Located) else ():
        if not isinstance(room, Located):
            addresses[name] = room
        elif "is" in room:
            addresses[name] = room["is"]
    return Reading(
        folder=path.parent,
        accounts=frozenset(accounts) if isinstance(accounts, Located) else None,
        rooms=addresses,
    )


_KEY_PREFIXES = re.compile(
    r"\b(sk-|sk_live_|ghp_|github_pat_|xox[abposr]-|xapp-|AIza|hf_|gsk_|AKIA|glpat-|syt_)[\w.-]{12,}"
)
NO_KEYS_HERE = (
    f"this looks like a key, and a key does not belong in the file: {HOW_TO_REFER} (and have it replaced: it was "
    "written down)"
)
_ONE_WORD = re.compile(r"[A-Za-z0-9_.=+%-]{24,}")
_JOINTS = re.compile(r"[^A-Za-z0-9]+")
_SHORTEST_RUN = 20


@dataclass(frozen=True, slots=True)
class _Key:
    """What looks like the key of a provider or platform, and where it stands."""

    line: int
    column: int
    text: str = field(repr=False)


def _keys_in_plain_sight(value: object) -> Iterator[_Key]:
    """Find what looks like a key, wherever it stands: as a value, or as a name."""
    if isinstance(value, Located):
        parts: Iterable[tuple[str | int, object]] = value.items()
    elif isinstance(value, Items):
        parts = enumerate(value)
    else:
        return
    for step, part in parts:
        texts = [one for one in (step, part) if isinstance(one, str) and looks_like_a_key(one)]
        if texts:
            yield from (_Key(*place_of(value, (step,)), text) for text in texts)
        else:
            yield from _keys_in_plain_sight(part)


def _without_keys(found: Iterable[tuple[int, int, str]], keys: Sequence[_Key]) -> list[tuple[int, int, str]]:
    """Return the mistakes with those that keys are. What else is wrong where a key stands would quote it, so it is left
    out; and no other repeats one."""
    places = {(key.line, key.column) for key in keys}
    kept = [(key.line, key.column, NO_KEYS_HERE) for key in keys]
    for line, column, reason in found:
        if (line, column) in places:
            continue
        for key in keys:
            reason = reason.replace(key.text, "***")
        kept.append((line, column, reason))
    return kept


def looks_like_a_key(text: str) -> bool:
    """Tell whether `text` is more likely a secret than words: a known beginning, or a long run of all sorts.

    Names of models and files are long as well, but made of short parts.
    """
    if _KEY_PREFIXES.search(text):
        return True
    runs = _JOINTS.split(text) if _ONE_WORD.fullmatch(text) else ()
    sorts = (str.isupper, str.islower, str.isdigit)
    return any(len(run) >= _SHORTEST_RUN and all(any(map(sort, run)) for sort in sorts) for run in runs)
