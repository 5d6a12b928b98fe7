"""Words that the script voice never says back to anybody."""

import codecs
from collections.abc import Iterable

__all__ = ["are_plainly_decent", "is_indecent", "may_be_echoed"]

# Spelt in rot13, so that this file can be read aloud. Any word that begins with one of the stems is meant.
STEMS: tuple[str, ...] = tuple(
    codecs.decode(
        "fuvg shpx zbgureshpx phag qvpxurnq nffubyr nefrubyr onfgneq ovgpu fyhg juber jnaxre gjng avttre avttn sntbg "
        "snttbg xvxr puvax tbbx jrgonpx genaal ergneq encvfg cbea anmv uvgyre cnxv oybjwbo qvyqb cravf intvan phzfubg "
        "fvrturvy",
        "rot13",
    ).split()
)
EXACT: frozenset[str] = frozenset(
    codecs.decode("nff nefr gvgf gvg pbpx cvff penc snt fcvp cbbs qlxr encr encrq encvat", "rot13").split()
)
_BEGINNINGS = frozenset(word[:3] for word in (*STEMS, *EXACT))
UNKIND: frozenset[str] = frozenset(
    [
        "die",
        "dumb",
        "hate",
        "idiot",
        "idiots",
        "kill",
        "killing",
        "loser",
        "losers",
        "moron",
        "morons",
        "murder",
        "pathetic",
        "stupid",
        "suicide",
        "trash",
        "ugly",
        "useless",
        "worthless",
    ]
)


def is_indecent(word: str) -> bool:
    """Say whether a casefolded word is an obscenity or a slur."""
    return word in EXACT or word.startswith(STEMS)


def are_plainly_decent(words: Iterable[str]) -> bool:
    """Say of casefolded words, quickly and erring on the side of no, that none of them is indecent."""
    return _BEGINNINGS.isdisjoint([word[:3] for word in words])


def may_be_echoed(words: Iterable[str]) -> bool:
    """Say whether these casefolded words may be said back: nothing obscene, no slur, no insult, no threat."""
    return not any(word in UNKIND or is_indecent(word) for word in words)
