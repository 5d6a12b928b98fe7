"""An embed: what a post shows below its words in a frame of its own, on platforms that have such frames."""

from dataclasses import dataclass

__all__ = ["Embed", "EmbedField", "EmbedLimit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedField:
    """One line of an embed's table."""

    name: str
    value: str
    beside: bool = False
    """It may stand beside the next one instead of above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """What is shown. Something of it is always there: a title, a text, a field or an image."""

    title: str | None = None
    text: str | None = None
    link: str | None = None
    """Where its title leads: an address, as `https://…`."""
    colour: int | None = None
    """Of its edge, as 0xRRGGBB."""
    fields: tuple[EmbedField, ...] = ()
    image: str | None = None
    """Address of a picture, which the platform fetches."""
    footer: str | None = None

    @property
    def lines(self) -> str:
        """It as lines of a text, for where there are no embeds; its colour and its image are not among them."""
        table = (f"{field.name}: {field.value}" for field in self.fields)
        return "\n".join(part for part in (self.title, self.text, *table, self.footer, self.link) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedLimit:
    """What an embed may be, in code points."""

    title: int
    text: int
    fields: int
    """At most so many."""
    field_name: int
    field_value: int
    footer: int
    link: int
    """Longest address, of the link and of the image."""
    whole: int
    """All its texts together, without addresses."""

    def wrong_with(self, embed: Embed) -> str | None:
        """Say why an embed is more than this, in words for the bot's owner; None: it is not."""
        measured = [
            ("title", embed.title, self.title),
            ("text", embed.text, self.text),
            ("footer", embed.footer, self.footer),
            ("link", embed.link, self.link),
            ("image", embed.image, self.link),
            *(("name of a field", field.name, self.field_name) for field in embed.fields),
            *(("value of a field", field.value, self.field_value) for field in embed.fields),
        ]
        for what, written, most in measured:
            if written is not None and len(written) > most:
                return f"its {what} has {len(written)} characters, and {most} are possible there"
        if len(embed.fields) > self.fields:
            return f"it has {len(embed.fields)} fields, and at most {self.fields} are possible there"
        texts = (text for what, text, _ in measured if what not in ("link", "image"))
        if (together := sum(len(text) for text in texts if text is not None)) > self.whole:
            return f"its texts have {together} characters together, and {self.whole} are possible there"
        return None
