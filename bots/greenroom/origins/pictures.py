"""Pictures that a draft or a row names: files in its own folder, described."""

import mimetypes
from pathlib import Path

from greenroom_adapters.contract import Media

__all__ = ["picture_beside"]


def picture_beside(folder: Path, name: str, alt: str) -> Media:
    """Return the picture of this name in the folder, or below it.

    :raises ValueError: it is not there, elsewhere, no picture, or not described; the message is for the owner
    """
    if "://" in name:
        raise ValueError(f"`{name}` lies on the web: save the picture into the folder, and write its name")
    home, file = folder.resolve(), (folder / name).resolve()
    if not file.is_relative_to(home):
        raise ValueError(f"`{name}` lies outside of {folder}: put the picture into it")
    if not file.is_file():
        raise ValueError(f"there is no picture {folder / name}")
    media_type, _ = mimetypes.guess_type(file.name)
    if media_type is None or not media_type.startswith(("image/", "video/")):
        raise ValueError(f"`{name}`: its name does not tell what kind of picture it is; call it .png or .jpg")
    if not alt.strip():
        raise ValueError(f"`{name}` has no description: people who cannot see it are told what it shows (`alt`)")
    return Media(path=str(file), media_type=media_type, alt=alt.strip())
