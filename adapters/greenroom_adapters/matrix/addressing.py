"""Whom a message addresses, and what of its text its sender wrote: read from the plain body alone."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from greenroom_adapters.matrix.wire import WireMessage

__all__ = ["Names", "written_by_sender"]

FALLBACK_BEGINS = re.compile(r"> (?:\* )?<@[^>\n]+>")
"""The first line of the fallback that clients put before a reply (client-server API, "Fallbacks for rich replies",
until version 1.13 of the specification)."""
QUOTED_REPLY = re.compile(r"<mx-reply>.*?(?:</mx-reply>|\Z)", re.DOTALL | re.IGNORECASE)
"""One that does not end goes on to the end of the text, as browsers have it; looking for the end of each of thousands
would take seconds."""


@dataclass(frozen=True, slots=True)
class Names:
    """By what people address the bot."""

    user: str
    """Its user id."""
    links: tuple[str, ...]
    """Links to it, as they stand in formatted text."""
    words: re.Pattern[str]
    """Its id, its name within its server and its display name, as words of their own."""

    @classmethod
    def of(cls, user: str, display_name: str) -> "Names":
        """Collect the names."""
        localpart = user.removeprefix("@").partition(":")[0]
        written = "|".join(re.escape(name) for name in (user, localpart, display_name.strip()) if len(name) > 1)
        return cls(
            user=user,
            links=tuple(
                form
                for link in ("https://matrix.to/#/{}", "matrix:u/{}")
                for name in ((user,) if "matrix.to" in link else (user.removeprefix("@"),))
                for form in (link.format(name), link.format(quote(name, safe="")), link.format(quote(name, safe="@")))
            ),
            words=re.compile(rf"(?<![\w@])(?:{written})(?!\w)", re.IGNORECASE),
        )

    def addressed_in(self, message: WireMessage, text: str) -> bool:
        """Tell whether a message mentions the bot.

        Where the sender's client says whom the message mentions (`m.mentions`, since version 1.7 of the
        specification), that alone counts, and a mention of the whole room is none of the bot. Older clients and bridges
        say nothing: then a link to the bot or one of its names as a word counts, as the push rules of that time did it.
        `text` is what the sender wrote, without the fallback of a reply.
        """
        if message.mentions is not None:
            return self.user in message.mentions.user_ids
        if message.formatted_body:
            formatted = QUOTED_REPLY.sub("", message.formatted_body)
            if any(f"{link}{end}" in formatted for link in self.links for end in "\"'"):
                return True
        return self.words.search(text) is not None


def written_by_sender(body: str, *, is_reply: bool) -> str:
    """Return a body without the quotation that older clients put before a reply.

    It is the run of lines that begin with `>` at the top, when the first of them names whom it quotes, and the empty
    line behind it. A body that is no reply has none: quoted lines in it were written by its sender.
    """
    if not is_reply or FALLBACK_BEGINS.match(body) is None:
        return body
    lines = body.split("\n")
    end = next((number for number, line in enumerate(lines) if not line.startswith(">")), len(lines))
    if end < len(lines) and not lines[end]:
        end += 1
    return "\n".join(lines[end:])
