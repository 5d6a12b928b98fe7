"""Operations that only a clip has: how long it plays, how fast, and the words that come and go. A picture stays as it
is."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import model_validator
from typing_extensions import override

from greenroom.filters.operation import Operation, Plan
from greenroom.filters.plates import LONGEST_TEXT, lettering
from greenroom.filters.reading import read_bytes
from greenroom.filters.spelling import COLOUR, number, share
from greenroom.settings.model import FilePath, wrong
from greenroom.settings.spelling import DURATION, PERIOD
from greenroom_adapters.contract import MediaRefused

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Cue", "Speed", "Subtitles", "Trim", "cues_of"]

MOST_CUES = 1_000
LARGEST_SUBTITLES = 1_000_000
"""Bytes of a file of subtitles."""


class _OfClips(Operation):
    """An operation that leaves pictures as they are."""

    @override
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        return picture


class Speed(_OfClips):
    """Plays a clip faster or slower; voices keep their pitch."""

    section: ClassVar[str] = "`speed`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, number(0.25, 4)] = 1.5
    """How many times as fast; below 1 slower."""

    @override
    def on_clip(self, plan: Plan) -> None:
        plan.see(f"setpts=PTS/{self.by:g}")
        rest = self.by
        while rest < 0.5:
            plan.sound.append("atempo=0.5")
            rest *= 2
        plan.sound.append(f"atempo={rest:g}")
        if plan.seconds is not None:
            plan.seconds /= self.by


class Trim(_OfClips):
    """Keeps a stretch of a clip."""

    section: ClassVar[str] = "`trim`"
    short_for: ClassVar[str | None] = "to"

    begins: Annotated[timedelta, DURATION] = timedelta(0)
    """Where it begins."""
    to: Annotated[timedelta, PERIOD] = timedelta(minutes=1)
    """Where it ends, counted from the beginning of the clip."""

    @model_validator(mode="after")
    def _something_is_left(self) -> "Trim":
        if self.begins >= self.to:
            raise wrong("`begins` is not before `to`: nothing would be left")
        return self

    @override
    def on_clip(self, plan: Plan) -> None:
        begins, ends = self.begins.total_seconds(), self.to.total_seconds()
        if plan.seconds is not None:
            if begins >= plan.seconds:
                raise MediaRefused(f"plays for {plan.seconds:.1f} seconds, and `trim` begins at {begins:g}")
            plan.seconds = min(plan.seconds, ends) - begins
        plan.see(f"trim=start={begins:g}:end={ends:g},setpts=PTS-STARTPTS")
        plan.sound += [f"atrim=start={begins:g}:end={ends:g}", "asetpts=PTS-STARTPTS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Words and when they are seen, in seconds."""

    begins: float
    ends: float
    text: str


_TIMES = re.compile(r"\s*(\d{1,2}):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d{1,2}):(\d\d):(\d\d)[,.](\d{1,3})")
_MARKUP = re.compile(r"<[^<>]{0,40}>|\{\\[^{}]{0,40}\}")


def cues_of(content: bytes) -> list[Cue]:
    """Return what stands in a file of subtitles (SubRip, `.srt`), in the order of time, one at a time.

    :raises MediaRefused: it is no such file
    """
    text = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    cues: list[Cue] = []
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.strip().split("\n")
        at = next((number for number, line in enumerate(lines[:2]) if "-->" in line), None)
        if at is None:
            if block.strip():
                raise MediaRefused(
                    f"`{lines[0][:40]}` is not followed by its times, like 00:00:01,000 --> 00:00:04,000"
                )
            continue
        found = _TIMES.match(lines[at])
        if found is None:
            raise MediaRefused(f"`{lines[at][:60]}` is not written like 00:00:01,000 --> 00:00:04,000")
        begins, ends = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
        words = _MARKUP.sub("", "\n".join(lines[at + 1 :])).strip()[:LONGEST_TEXT]
        if words and begins < ends:
            cues.append(Cue(begins=begins, ends=ends, text=words))
        if len(cues) > MOST_CUES:
            raise MediaRefused(f"there are more than {MOST_CUES} subtitles")
    if not cues:
        raise MediaRefused("there are no subtitles in it")
    cues.sort(key=lambda cue: cue.begins)
    # the next one takes the place of one that would still be seen
    following = [*(cue.begins for cue in cues[1:]), float("inf")]
    return [
        Cue(begins=cue.begins, ends=min(cue.ends, end), text=cue.text)
        for cue, end in zip(cues, following, strict=True)
        if min(cue.ends, end) > cue.begins
    ]


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, rest = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(rest.ljust(3, "0")) / 1000


class Subtitles(_OfClips):
    """Writes subtitles into a clip, for good."""

    section: ClassVar[str] = "`subtitles`"
    short_for: ClassVar[str | None] = "file"
    needs: ClassVar[tuple[str, ...]] = ("file", "font")

    file: FilePath
    """A SubRip file (`.srt`). Its times are those of the clip at this point of the chain."""
    size: Annotated[float, share(0.01, 0.3)] = 0.06
    """How high a line is, as a share of the shorter side."""
    colour: Annotated[str, COLOUR] = "#ffffff"
    """Of the letters."""
    outline: Annotated[str, COLOUR] = "#000000"
    """Of the line around them."""
    font: FilePath | None = None
    """A TrueType or OpenType file; none: a plain font for Latin letters."""

    @override
    def on_clip(self, plan: Plan) -> None:
        try:
            cues = cues_of(read_bytes(self.file, LARGEST_SUBTITLES))
        except MediaRefused as refusal:
            raise MediaRefused(f"`subtitles`: {self.file.name}: {refusal}") from None
        if plan.seconds is not None:
            cues = [cue for cue in cues if cue.begins < plan.seconds]
        if not cues:
            return
        margin = round(min(plan.width, plan.height) * 0.04)
        strip = plan.width, round(plan.height * 0.4)
        # pictures of one size, one after the other: nothing, words, nothing, words …
        nothing = self._saved(None, strip, margin, plan)
        lines, at = ["ffconcat version 1.0"], 0.0
        for cue in cues:
            if cue.begins > at:
                lines += [f"file {nothing}", f"duration {cue.begins - at:.3f}"]
            lines += [f"file {self._saved(cue.text, strip, margin, plan)}", f"duration {cue.ends - cue.begins:.3f}"]
            at = cue.ends
        lines += [f"file {nothing}", "duration 1", f"file {nothing}"]
        name = plan.name(".ffconcat")
        (plan.folder / name).write_text("\n".join(lines) + "\n", encoding="ascii")
        plan.lay_stream_over("-f", "concat", "-i", name, at=f"0:{plan.height - strip[1]}")

    def _saved(self, text: str | None, strip: tuple[int, int], margin: int, plan: Plan) -> str:
        from PIL import Image

        drawn = Image.new("RGBA", strip, (0, 0, 0, 0))
        if text is not None:
            words = lettering(
                text,
                room=(strip[0] - 2 * margin, strip[1] - margin),
                height=self.size * min(plan.width, plan.height),
                colour=self.colour,
                outline=self.outline,
                font=self.font,
            )
            drawn.paste(words, ((strip[0] - words.width) // 2, strip[1] - margin - words.height))
        name = plan.name(".png")
        drawn.save(Path(plan.folder) / name, compress_level=1)
        return name
