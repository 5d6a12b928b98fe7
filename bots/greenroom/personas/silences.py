"""What needs no answer: told from the words of a text, by small tables for the languages that most personas speak.

Where they are not sure they say nothing, and the text is answered.
"""

import codecs
import enum
import functools
import re
import unicodedata
from collections.abc import Collection, Sequence

from greenroom.personas.decency import are_plainly_decent, is_indecent

__all__ = ["USUAL", "Silence", "silence_of"]


class Silence(enum.StrEnum):
    """Why a text is left without an answer."""

    THANKED = "thanked"
    """It thanks, and says nothing else."""
    ONLY_EMOJI = "only_emoji"
    """It has no word in it."""
    INSULTED = "insulted"
    """It calls the bot names."""
    OTHERS_TALK = "others_talk"
    """In a room it is said to somebody else, and not to the bot."""
    NOTHING_TO_ADD = "nothing_to_add"
    """The engine has nothing to say to it that is worth saying."""


USUAL = (Silence.THANKED, Silence.ONLY_EMOJI, Silence.INSULTED)
"""Where the persona says nothing of it."""

LONGEST = 200
"""Characters: whoever writes more than that says more than thanks."""

_MENTION = re.compile(r"(?<![\w@])@[\w.-]+(?:@[\w.-]+)?(?::[\w.-]+)?|<@[!&]?\d+>")
_EMOJI_BY_NAME = re.compile(r"<a?:\w+:\d+>|:[a-zA-Z]\w+:")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_THANKS = _words(
    "thank thanks thankyou thx tnx ty tysm tyvm cheers obrigado obrigada obrigadinho brigado brigada valeu gracias "
    "merci danke dankeschön dankesehr grazie dank bedankt dankjewel"
)
_BESIDE_THANKS = _words(
    # en
    "a again all and answer answers appreciate appreciated are awesome cool dear excellent fantastic for friend got "
    "great helping help helped helpful i info information is it i'll it's kind kindly lot lots many million much my "
    "nice of oh ok okay perfect quick really reply so sweet that that's the this tip ton tons try very wonderful you "
    "your you're "
    # pt, es
    "ajuda bem boa bom e isso mesmo muita muito obrigadão ok pela pelo por querida querido resposta tudo "
    "amable ayuda buena eres genial la lo mil muchas muchísimas perfecto respuesta todo y "
    # fr, it, de, nl
    "aide beaucoup bien est et génial l'aide parfait pour réponse ta ton votre "
    "aiuto della mille molte per perfetto risposta tante tutto "
    "antwort auskunft dir die euch für hilfe ihnen herzlichen lieben recht schön sehr super tausend und vielen "
    "antwoord fijn hartelijk heel hulp je u van voor wel"
)

_YOU = _words(
    "you u ur your you're youre ya du dein deine bist tu você vc tú eres és es usted sos t'es sei je jij bent"
)
_BETWEEN = _words(
    "are r is so such a an the really very just total totally complete completely absolute absolutely fucking bloody "
    "damn goddamn little big old bot robot piece of bist so ein eine echt voll é és muito um uma tão eres un una muy "
    "tan es un una vraiment trop une sei così proprio bent een zo echt"
)
_INSULTS = _words(
    "idiot idiots idiotic moron morons moronic stupid dumb dumbass pathetic useless worthless trash garbage rubbish "
    "ugly loser losers clown scum imbecile retarded brainless "
    "dumm blöd bescheuert nutzlos idiota idiotas burro burra estúpido estúpida inútil imbecil otário tonto tonta "
    "imbécil gilipollas stupide débile nulle imbécile connard stupido stupida scemo scema cretino cretina inutile "
    "stom dom sukkel idioot waardeloos"
)
# Spelt in rot13, so that this file can be read aloud.
_ATTACKS = frozenset(
    codecs.decode(
        "shpx lbh|shpx bss|shpx h|fperj lbh|fperj h|fuhg hc|cvff bss|qebc qrnq|tb gb uryy|xvyy lbhefrys|"
        "lbh fhpx|h fhpx|unyg qvr xynccr|unyg'f znhy|unyg qvr serffr|svpx qvpu|irecvff qvpu|pnyn n obpn|"
        "pnyn gr|inv gr sbqre|páyyngr|irgr n yn zvreqn|dhr gr wbqna|gn thrhyr|in gr snver sbhger|srezr yn|"
        "fgnv mvggb|inssnaphyb|ubh wr orx|ebg bc",
        "rot13",
    ).split("|")
)
_LONGEST_ATTACK = max(len(attack.split()) for attack in _ATTACKS)
_LOOKED_FOR = _THANKS | _INSULTS | {max(attack.split(), key=len) for attack in _ATTACKS}
"""A text without one of these neither thanks nor insults, unless it is indecent."""
_SPACES = str.maketrans(dict.fromkeys(',.!?;\u2026"()', " "))
_ASCII = bytes(0x20 if chr(code) in ',.!?;"()' else code for code in range(128)).lower() + bytes(128)
"""For `bytes.translate`, which does the same to plain letters at a third of the price."""
MOST_NAMES = 4
"""Words that the names of a persona may have together, in a text that has no other."""
_NAMES_OF_BOTS = frozenset(["bot", "bots", "robot", "ai", "machine", "thing", "the", "a", "roboter", "robô"])
_NOT = _words("not never no isn't aren't nicht kein keine não no pas non niet geen")


def silence_of(text: str, wanted: Collection[Silence], *, names: Sequence[str] = ()) -> Silence | None:
    """Return which of the `wanted` reasons to be silent a text gives by its words, the persona being called `names`;
    None: it is answered.

    Most texts have a word in them that matters to nothing here, and cost a few microseconds. What is said to whom, and
    whether an engine has anything to say, no text can tell: `OTHERS_TALK` and `NOTHING_TO_ADD` are never returned.
    """
    if len(text) > LONGEST or not text.strip() or _is_plainly_talk(text):
        return None
    plain = _MENTION.sub(" ", text)
    without_names = _EMOJI_BY_NAME.sub(" ", plain)
    if names:
        without_names = _pattern(tuple(names)).sub(" ", without_names)
    words = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(without_names)]
    if not words:
        is_emoji = Silence.ONLY_EMOJI in wanted and not any(map(str.isalnum, without_names))
        return Silence.ONLY_EMOJI if is_emoji and _has_emoji(plain) else None
    if Silence.THANKED in wanted and _thanks(words, without_names):
        return Silence.THANKED
    return Silence.INSULTED if Silence.INSULTED in wanted and _insults(words) else None


def _is_plainly_talk(text: str) -> bool:
    """Say, quickly and erring on the side of no, that a text has words, and none of those that are looked for."""
    if text.isascii():
        words = text.encode().translate(_ASCII).decode().split()
    else:
        words = text.casefold().translate(_SPACES).split()
    if "@" in text or "<" in text or ":" in text:
        words = [word for word in words if not word.startswith(("@", "<", ":"))]
    if not _LOOKED_FOR.isdisjoint(words):
        return False
    # names are no words, so a few are not enough
    if sum(map(str.isalpha, words)) <= MOST_NAMES:
        return False
    if are_plainly_decent(words):
        return True
    # an obscenity is an insult behind a "you", or where there is little else
    return not any(map(is_indecent, words[: MOST_NAMES + 1] if _YOU.isdisjoint(words) else words))


def _has_emoji(text: str) -> bool:
    """Say whether a text without words shows anything but signs of punctuation."""
    return _EMOJI_BY_NAME.search(text) is not None or any(unicodedata.category(one) == "So" for one in text)


def _thanks(words: Sequence[str], text: str) -> bool:
    if "?" in text or any(map(str.isdecimal, text)):
        return False
    return not _THANKS.isdisjoint(words) and all(word in _THANKS or word in _BESIDE_THANKS for word in words)


def _insults(words: Sequence[str]) -> bool:
    for place, word in enumerate(words):
        for length in range(1, _LONGEST_ATTACK + 1):
            if " ".join(words[place : place + length]) in _ATTACKS:
                return True
        if word in _YOU and _is_called_names(words[place + 1 :]):
            return True
    # "stupid bot", "idiot!"
    others = [word for word in words if word not in _NAMES_OF_BOTS and not _is_insult(word)]
    return not others and any(map(_is_insult, words))


def _is_called_names(words: Sequence[str]) -> bool:
    """Say whether what follows a "you" is an insult, with nothing but small words before it."""
    for word in words[:6]:
        if _is_insult(word) and word not in _BETWEEN:
            return True
        if word in _NOT or word not in _BETWEEN:
            return False
    return False


def _is_insult(word: str) -> bool:
    return word in _INSULTS or is_indecent(word)


@functools.lru_cache(maxsize=64)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    spelled = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", re.IGNORECASE)
