"""Files that nobody but the bot's own user reads: written whole or not at all."""

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

from greenroom_adapters.contract import ConfigurationError

__all__ = ["private_file", "private_folder", "remove_private", "sweep_private", "sync_folder", "write_private"]

UNFINISHED = re.compile(r"\..+\.[a-z0-9_]{8}")
"""Files that `write_private` writes before they are in their place."""


def private_folder(folder: Path) -> Path:
    """See to it that `folder` is there and that its owner alone can look into it; return it.

    Folders on the way that are not there yet are made alike.

    :raises ConfigurationError: it is a link or another user's, or somebody else than we and root can put another in
        its place
    :raises OSError: it cannot be made
    """
    for missing in reversed([one for one in folder.parents if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if os.name == "nt":
        # a user's folders are his alone there, and there are no such modes
        return folder
    _must_be_ours(folder)
    for above in dict.fromkeys((*folder.absolute().parents, *folder.resolve().parents)):
        _must_be_safe(above)
    return folder


def private_file(path: Path) -> None:
    """See to it that there is a file at `path`, empty where there was none, and that its owner alone reads it. Its
    folder is not looked at.

    :raises OSError: it cannot be made, or is another user's
    """
    path.touch(mode=0o600)
    path.chmod(0o600)


def write_private(path: Path, content: bytes) -> None:
    """Put `content` in the place of what is at `path`; its folder is made private. Returns when it is on disk.

    :raises ConfigurationError: see `private_folder`
    :raises OSError: it cannot be written
    """
    folder = private_folder(path.parent)
    # mkstemp gives its files the mode 0600
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def remove_private(path: Path) -> None:
    """Take the file away, if it is there. Returns when that is on disk."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def sweep_private(folder: Path) -> None:
    """Delete what a `write_private` that was killed left in the folder; call it where nobody else writes there."""
    for path in folder.iterdir():
        if UNFINISHED.fullmatch(path.name):
            remove_private(path)


def _must_be_ours(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        what = "is another user's" if stat.S_ISDIR(found.st_mode) else "is no folder"
        raise ConfigurationError(f"{folder} {what}, so nothing secret is put there: take it away")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def _must_be_safe(above: Path) -> None:
    """See to it that nobody but we and root can put something else where a folder below `above` lies.

    A group that is a user's own (as systems make them whose files are writable by the group) is nobody else; ours is
    the group of a volume that an orchestrator hands to a container. Root that
    works in somebody's folder, as a container does in what is mounted into it, has chosen to trust him.
    """
    found = above.stat()
    owners = {found.st_uid, above.lstat().st_uid}
    if os.geteuid() != 0 and not owners <= {0, os.geteuid()}:
        raise ConfigurationError(
            f"{above} is another user's, who can change what is below it, so nothing secret is put there: "
            "let it be yours, or keep the bot elsewhere"
        )
    is_own = any(_is_a_users_own(found.st_gid, user) for user in (found.st_uid, os.geteuid()))
    others = stat.S_IWOTH if is_own else stat.S_IWGRP | stat.S_IWOTH
    if found.st_mode & others and not found.st_mode & stat.S_ISVTX:
        raise ConfigurationError(
            f"others on this machine can write into {above}, so nothing secret is put below it: chmod go-w {above}"
        )


def _is_a_users_own(group: int, user: int) -> bool:
    """Say whether a group is that of one user alone."""
    import grp
    import pwd

    try:
        whose, members = pwd.getpwuid(user), grp.getgrgid(group)
    except KeyError:
        return False
    return whose.pw_gid == group and whose.pw_name == members.gr_name and set(members.gr_mem) <= {whose.pw_name}


def sync_folder(folder: Path) -> None:
    """Return when what was put into the folder, or taken out of it, is on disk."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
