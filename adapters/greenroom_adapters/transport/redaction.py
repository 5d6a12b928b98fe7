"""Takes secrets out of everything that a person may read."""

from collections.abc import Iterable
from urllib.parse import quote

from greenroom_adapters.contract import Secret

__all__ = ["Redactor"]

MASK = "***"
SHORTEST = 4
"""A shorter "secret" is an empty or a placeholder value; masking it would shred ordinary words."""
LEARNT = 64
"""So many of the secrets that came later are known: tokens that are renewed every hour are spent long before."""


class Redactor:
    """Knows the secrets of one account and masks them in any text, also in their percent-encoded form."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._given = tuple(secret.reveal() for secret in secrets)
        self._learnt: dict[str, None] = {}
        self._needles: tuple[str, ...] = ()
        self._sharpen()

    def learn(self, secret: Secret) -> None:
        """Mask this one from now on as well. Of those that are learnt the oldest are forgotten first."""
        value = secret.reveal()
        self._learnt.pop(value, None)
        self._learnt[value] = None
        if len(self._learnt) > LEARNT:
            del self._learnt[next(iter(self._learnt))]
        self._sharpen()

    def _sharpen(self) -> None:
        values = [value for value in (*self._given, *self._learnt) if len(value) >= SHORTEST]
        known = {needle for value in values for needle in (value, quote(value, safe=""))}
        # The longest first, so that a secret which contains another one leaves no rest of itself.
        self._needles = tuple(sorted(known, key=lambda needle: (-len(needle), needle)))

    def clean(self, text: str) -> str:
        """Return `text` with every known secret masked."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text

    def cause(self, error: BaseException) -> BaseException | None:
        """Return `error` when it may be chained to one of ours, None when it or its own causes show a secret."""
        link: BaseException | None = error
        for _ in range(16):
            if link is None:
                return error
            shown = f"{link}{link!r}"
            if any(needle in shown for needle in self._needles):
                return None
            link = link.__cause__ or link.__context__
        return None
