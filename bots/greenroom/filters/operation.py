"""What every operation of a filter promises: what it does to a picture, and what it asks of ffmpeg for a clip."""

import abc
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from greenroom.settings.model import Model

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["LEAST_SIDE", "Operation", "Plan", "on_colours"]

LEAST_SIDE = 16
"""No operation makes a side shorter than that, in pixels."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """What ffmpeg is to do to one clip; every operation adds to it in its turn."""

    folder: Path
    """Where operations put the files that ffmpeg reads beside the clip. It works in this folder."""
    width: int
    height: int
    """In pixels, as the clip is at this point of the chain."""
    seconds: float | None
    """How long it plays at this point of the chain; None: unknown."""
    inputs: list[str] = field(default_factory=list[str])
    """Arguments that open the files beside the clip."""
    graph: list[str] = field(default_factory=list[str])
    """Links of the filter graph for what is seen."""
    sound: list[str] = field(default_factory=list[str])
    """Filters for what is heard."""
    label: str = "0:v:0"
    """What the next link takes."""
    files: int = 0
    """Files beside the clip so far."""

    def see(self, link: str) -> None:
        """Add a link to the graph of what is seen."""
        made = f"v{len(self.graph)}"
        self.graph.append(f"[{self.label}]{link}[{made}]")
        self.label = made

    def name(self, suffix: str) -> str:
        """Return a name for another file in the folder."""
        self.files += 1
        return f"file{self.files}{suffix}"

    def lay_over(self, picture: "Image.Image") -> None:
        """Lay a picture with transparency over every frame."""
        name = self.name(".png")
        picture.save(self.folder / name, compress_level=1)
        self.lay_stream_over("-i", name, at="0:0")

    def lay_stream_over(self, *opened: str, at: str) -> None:
        """Lay what the arguments `opened` open over the frames, its corner at the place `at`; its last frame stays."""
        number = self.inputs.count("-i") + 1
        self.inputs += opened
        made = f"v{len(self.graph)}"
        self.graph.append(f"[{self.label}][{number}:v:0]overlay={at}:format=auto:eof_action=repeat[{made}]")
        self.label = made


class Operation(Model):
    """One step of a filter. Frozen: the same operation does the same to the same picture, every time."""

    # what checks it is built once, with the file that it is part of, and not for each class by itself
    model_config = ConfigDict(defer_build=True)

    needs: ClassVar[tuple[str, ...]] = ()
    """Fields that name files, whose contents count as well."""

    @abc.abstractmethod
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        """Return the picture (RGB or RGBA) with this done to it, in the same mode."""

    @abc.abstractmethod
    def on_clip(self, plan: Plan) -> None:
        """Add this to what ffmpeg does."""


def on_colours(picture: "Image.Image", changed: "Image.Image") -> "Image.Image":
    """Return `changed`, an RGB version of `picture`, as transparent as `picture` is."""
    if picture.mode == "RGBA":
        changed.putalpha(picture.getchannel("A"))
    return changed
