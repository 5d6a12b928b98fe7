"""Drawing cards: words that are set as large as they fit, bars and lines with their names and numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.cards.fonts import Face, drawable, face_for, is_right_to_left
from greenroom.cards.look import Look
from greenroom_adapters.contract import MediaRefused
from greenroom_adapters.media import Source, written_png
from greenroom_adapters.text.graphemes import grapheme_edges

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

__all__ = ["SIZES", "draw_chart", "draw_quote", "shown"]

SIZES: Mapping[str, tuple[int, int]] = {"square": (1080, 1080), "wide": (1200, 675), "tall": (1080, 1350)}
"""Shape → width and height in pixels, as timelines show pictures whole."""
FINER = 2
"""Everything is drawn so many times as large and made smaller in the end, so that edges are smooth."""
MOST_LETTERS = 2000
LARGEST, SMALLEST = 0.115, 0.026
"""Height of a line of words, as a share of the shorter side."""
LEADING = 1.32
MOST_BARS = 16

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


def draw_quote(words: str, *, by: str | None, look: Look, shape: str = "square") -> bytes:
    """Return a PNG with these words, and below them who says so. Emoji are left out. The same arguments give the same
    bytes, on one machine. Takes up to a second: call it in a thread.

    :raises MediaRefused: there is nothing to draw, too much, or no font for it
    """
    words = drawable(words)
    if not words:
        raise MediaRefused("the card has no words that can be drawn")
    if len(words) > MOST_LETTERS:
        raise MediaRefused(f"the card would have {len(words)} letters, and at most {MOST_LETTERS} are drawn")
    sheet = _Sheet.of(look, shape, words + (by or ""))
    left, top, right, bottom = sheet.inner
    unit = sheet.unit
    foot = sheet.foot(by)
    room = (left, top + unit * 0.12, right, bottom - foot)
    size, lines = sheet.fitted(words, room)
    height = len(lines) * size * LEADING
    begins = room[1] + max(0.0, (room[3] - room[1] - height) / 2)
    is_from_right = is_right_to_left(words)
    mark = (right - unit * 0.12, right) if is_from_right else (left, left + unit * 0.12)
    sheet.draw.rectangle((mark[0], top, mark[1], top + unit * 0.014), fill=look.accent)
    for number, line in enumerate(lines):
        place = (right if is_from_right else left, begins + (number + 0.5) * size * LEADING)
        sheet.write(line, place, size, anchor="rm" if is_from_right else "lm")
    return sheet.finished()


def draw_chart(
    rows: Mapping[str, float],
    *,
    title: str | None,
    by: str | None,
    look: Look,
    shape: str = "square",
    line: bool = False,
) -> bytes:
    """Return a PNG with a bar for each number, or with a `line` through them. As `draw_quote` in everything else.

    :raises MediaRefused: there is nothing to draw, too much, or no font for it
    """
    names = [drawable(name) for name in rows]
    if not rows:
        raise MediaRefused("the card has no numbers")
    if not line and len(rows) > MOST_BARS:
        raise MediaRefused(f"the card would have {len(rows)} bars, and at most {MOST_BARS} can be read: take a line")
    title = drawable(title or "") or None
    numbers = [shown(number) for number in rows.values()]
    sheet = _Sheet.of(look, shape, "".join((*names, *numbers, title or "", by or "")))
    left, top, right, bottom = sheet.inner
    bottom -= sheet.foot(by)
    if title is not None:
        room = (left, top, right, top + (bottom - top) * 0.24)
        size, lines = sheet.fitted(title, room, largest=0.062)
        is_from_right = is_right_to_left(title)
        for number, words in enumerate(lines):
            place = (right if is_from_right else left, top + (number + 0.5) * size * LEADING)
            sheet.write(words, place, size, anchor="rm" if is_from_right else "lm")
        top += len(lines) * size * LEADING + sheet.unit * 0.03
    values = list(rows.values())
    draw = sheet.draw_line if line else sheet.draw_bars
    draw(names, values, numbers, (left, top, right, bottom))
    return sheet.finished()


def shown(number: float) -> str:
    """Return a number as it stands on a card: whole where it is, else with as many digits as tell something."""
    if number == int(number):
        return f"{int(number):,}".replace(",", "\u2009")
    return f"{number:.4g}" if abs(number) < 1e6 else f"{number:,.0f}".replace(",", "\u2009")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What a card is drawn on."""

    look: Look
    face: Face
    picture: "Image.Image"
    draw: "ImageDraw.ImageDraw"

    @classmethod
    def of(cls, look: Look, shape: str, letters: str) -> "_Sheet":
        """Return an empty card whose font has all of these letters."""
        from PIL import Image, ImageDraw

        face = face_for(letters + "0", look.font)
        width, height = SIZES[shape]
        picture = Image.new("RGB", (width * FINER, height * FINER), look.ground)
        return cls(look=look, face=face, picture=picture, draw=ImageDraw.Draw(picture))

    @property
    def unit(self) -> float:
        """The shorter side."""
        return float(min(self.picture.size))

    @property
    def inner(self) -> Box:
        """The card without its margin."""
        margin = self.unit * 0.085
        return margin, margin, self.picture.width - margin, self.picture.height - margin

    def foot(self, by: str | None) -> float:
        """Write who says so at the bottom; return how much room that takes."""
        by = drawable(by or "")
        if not by:
            return 0.0
        size = self.unit * 0.034
        left, _, right, bottom = self.inner
        line = self._cut(by, size, right - left)
        is_from_right = is_right_to_left(by)
        place = (right if is_from_right else left, bottom - size * 0.5)
        self.write(line, place, size, anchor="rm" if is_from_right else "lm", fill=self.look.accent)
        return size * 2.4

    def write(
        self, text: str, place: tuple[float, float], size: float, *, anchor: str, fill: str | None = None
    ) -> None:
        """Write one line."""
        self.draw.text(place, text, font=self.face.at(size), anchor=anchor, fill=fill or self.look.letters)

    def length(self, text: str, size: float) -> float:
        """Return how long a line is."""
        return float(self.draw.textlength(text, font=self.face.at(size)))

    def fitted(self, text: str, room: Box, *, largest: float = LARGEST) -> tuple[float, list[str]]:
        """Return how large a text can be set, and its lines.

        :raises MediaRefused: it does not fit as small as can be read
        """
        width, height = room[2] - room[0], room[3] - room[1]
        share = largest
        while share >= SMALLEST:
            size = share * self.unit
            lines = self._lines(text, size, width)
            if len(lines) * size * LEADING <= height:
                return size, lines
            share *= 0.93
        raise MediaRefused("the card has more words than fit on it: shorten them")

    def finished(self) -> bytes:
        """Return the card as a PNG."""
        return written_png(self.picture.reduce(FINER), Source.ALGORITHM)

    # charts

    def draw_bars(self, names: Sequence[str], values: Sequence[float], numbers: Sequence[str], room: Box) -> None:
        """Draw a bar for each value, from the top down, all from the same zero."""
        left, top, right, bottom = room
        step = (bottom - top) / len(values)
        size = min(self.unit * 0.036, step * 0.42)
        gap = self.unit * 0.02
        names = [self._cut(name, size, (right - left) * 0.34) for name in names]
        begins = left + max(self.length(name, size) for name in names) + gap
        ends = right - max(self.length(number, size) for number in numbers) - gap
        least, most = min(0.0, *values), max(0.0, *values)
        scale = (ends - begins) / ((most - least) or 1.0)
        zero = begins - least * scale
        for index, value in enumerate(values):
            middle = top + (index + 0.5) * step
            half = min(step * 0.32, self.unit * 0.04)
            end = zero + value * scale
            self.draw.rectangle((min(zero, end), middle - half, max(zero, end), middle + half), fill=self.look.accent)
            self.write(names[index], (left, middle), size, anchor="lm")
            self.write(numbers[index], (max(zero, end) + gap / 2, middle), size, anchor="lm")
        thin = max(1.0, self.unit * 0.0016)
        self.draw.rectangle((zero - thin, top, zero + thin, bottom), fill=self.look.letters)

    def draw_line(self, names: Sequence[str], values: Sequence[float], numbers: Sequence[str], room: Box) -> None:
        """Draw a line through the values, the least and the greatest beside it, the first and last name below."""
        left, top, right, bottom = room
        size = self.unit * 0.036
        least, most = values.index(min(values)), values.index(max(values))
        bottom -= size * 2.2
        left += max(self.length(numbers[index], size) for index in (least, most)) + self.unit * 0.02
        span = (values[most] - values[least]) or 1.0
        step = (right - left) / max(1, len(values) - 1)
        points = [
            (left + index * step, bottom - (value - values[least]) / span * (bottom - top - size) - size / 2)
            for index, value in enumerate(values)
        ]
        thin = max(1.0, self.unit * 0.0016)
        for index in {least, most}:
            height = points[index][1]
            self.draw.rectangle((left, height - thin / 2, right, height + thin / 2), fill=self._faint())
            self.write(numbers[index], (left - self.unit * 0.02, height), size, anchor="rm")
        width = max(2, round(self.unit * 0.009))
        if len(points) > 1:
            self.draw.line(points, fill=self.look.accent, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            self.draw.ellipse((x - width, y - width, x + width, y + width), fill=self.look.accent)
        half = (right - left) * 0.48
        self.write(self._cut(names[0], size, half), (left, bottom + size * 1.4), size, anchor="lm")
        if len(names) > 1:
            self.write(self._cut(names[-1], size, half), (right, bottom + size * 1.4), size, anchor="rm")

    def _faint(self) -> str:
        from PIL import ImageColor

        ground, letters = (ImageColor.getrgb(colour) for colour in (self.look.ground, self.look.letters))
        mixed = (round(one * 0.75 + other * 0.25) for one, other in zip(ground[:3], letters[:3], strict=True))
        return "#" + "".join(f"{level:02x}" for level in mixed)

    def _cut(self, line: str, size: float, room: float) -> str:
        """Return a line that is no longer than there is room."""
        line = " ".join(line.split())
        if self.length(line, size) <= room:
            return line
        while line and self.length(f"{line}…", size) > room:
            line = line[:-1].rstrip()
        return f"{line}…"

    def _lines(self, text: str, size: float, room: float) -> list[str]:
        """Break a text into lines that are no longer than there is room: between words, else within one, as scripts
        without spaces need it."""
        lines: list[str] = []
        for paragraph in text.splitlines():
            line = ""
            for word in paragraph.split():
                longer = f"{line} {word}" if line else word
                if self.length(longer, size) <= room:
                    line = longer
                    continue
                if line:
                    lines.append(line)
                *whole, line = self._broken(word, size, room)
                lines.extend(whole)
            lines.append(line)
        return lines

    def _broken(self, word: str, size: float, room: float) -> list[str]:
        pieces = [""]
        for begins, ends in pairwise(grapheme_edges(word)):
            letter = word[begins:ends]
            if pieces[-1] and self.length(pieces[-1] + letter, size) > room:
                pieces.append("")
            pieces[-1] += letter
        return pieces
