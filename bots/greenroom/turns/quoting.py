"""Words of others in what an owner reads: so much of them that he knows what it is about."""

__all__ = ["LONGEST_QUOTE", "quoted"]

LONGEST_QUOTE = 300
"""Characters of somebody's text that are passed on; the rest is where it was written."""


def quoted(text: str) -> str:
    """Return a text in one line, cut."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
