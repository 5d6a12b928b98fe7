"""Whether somebody asked "are you a bot?", and whether an answer denies it.

Small tables for the languages that most personas speak. They look for the two things that matter, the question and
the lie; an answer that they wrongly take for a lie is written again and, failing that, goes to a person.
"""

import functools
import re
import unicodedata

__all__ = ["admits_being_bot", "asks_about_bot", "denies_being_bot", "may_ask"]

_BOT = (
    r"(?:chat|ro)?bots?|robo|ai|a\.i\.|ia|ki|llm|(?:chat)?gpt|language model|machine|computer|program|automat\w*"
    r"|maquina|computador|ordenador|maschine|computerprogramm|programa|programme|programma|macchina"
    r"|(?:artificial|kunstliche) (?:intelligence|intelligenz)|inteligencia artificial|intelligence artificielle"
)
_HUMAN = (
    r"humans?|human being|real(?: (?:person|human|man|woman|guy))|(?:actual )?person|real(?=\s*\?)"
    r"|human[oa]|ser humano|pessoa|persona|umano|umana|humaine?|etre humain|personne|mensch(?:lich)?|mens|menselijk"
)
_YOU_ARE = (
    r"are (?:you|u|ya)|r u|you are|you're|youre|ur|is (?:this|that|it|there)"
    r"|am i (?:talk|speak|chatt|writ)ing (?:to|with)"
    r"|(?:voce|vc|tu) (?:e|es)|es|eres|es usted|sois|estou a falar com|estou falando com|falo com|estoy hablando con"
    r"|tu es|es-tu|t'es|vous etes|etes-vous|est-ce que (?:tu es|vous etes)|je parle (?:a|avec)"
    r"|bist du|du bist|sind sie|sie sind|(?:spreche|schreibe|rede) ich mit"
    r"|sei|lei e|sto parlando con|ben je|ben jij|bent u|je bent"
)
_I_AM = r"i'm|i am|im|sou|soy|je suis|je ne suis|j'suis|ich bin|bin|sono|io sono|ik ben"
_NOT = (
    r"not|no|never|neither|nao|nunca|jamas|pas|kein\w*|nicht|non|geen|niet"
    r"|ain't|isn't|aren't|n't"
)
_WORD = r"[\w'-]+"
_PLAIN_WORD = rf"(?!(?:{_NOT})\b){_WORD}"

_QUESTION = rf"\b(?:{_YOU_ARE})(?:,? {_WORD}){{0,3}}? (?P<what>{_BOT}|{_HUMAN})(?!\w)"
_DENIAL = (
    # "I am definitely not a bot", "nao sou um bot", "je ne suis pas un robot"
    rf"\b(?:{_I_AM})(?: {_WORD}){{0,3}}? (?:{_NOT})(?: {_WORD}){{0,2}}? (?:{_BOT})(?![\w-])"
    rf"|\b(?:{_NOT}) (?:{_I_AM})(?: {_WORD}){{0,3}}? (?:{_BOT})(?![\w-])"
    # "not a bot!", "kein Roboter"
    rf"|(?:^|[.!?,;:] )(?:{_NOT})(?: (?:an?|um|uma|un|une|ein|een))? (?:{_BOT})(?![\w-])"
    # "I am a real person", "soy humana", but neither "I am not human" nor "I am a human-made bot"
    rf"|\b(?<!not )(?<!nao )(?<!no )(?<!non )(?<!ne )(?:{_I_AM})(?: {_PLAIN_WORD}){{0,3}}? (?:{_HUMAN})"
    rf"(?![\w-])(?! (?:{_BOT}))"
    rf"|\b(?:100 ?%|fully|totally|definitely|completely|very much|all) (?:{_HUMAN})(?![\w-])(?! (?:{_BOT}))"
)
_compiled = functools.cache(re.compile)
"""The two large ones are compiled for the first text that needs them: most starts of a program never do."""
_ADMISSION = re.compile(rf"(?<![\w-])(?:{_BOT})(?![\w-])")
_BARE_NO = re.compile(r"^\W*(?:no|nope|nah|of course not|certainly not|nao|claro que n[ao]o?|nein|nee|non)\b")
_BARE_YES = re.compile(
    r"^\W*(?:yes|yep|yeah|yup|sure|of course|certainly|absolutely|sim|si|claro|oui|bien sur|ja|naturlich)\b"
)
_IS_BOT = re.compile(rf"(?:{_BOT})\Z")

_STEMS = (
    *("bot", "rob", "gpt", "llm", "model", "chin", "quina", "comput", "ordenador", "program", "automat", "intel"),
    *("uma", "real", "perso", "ssoa", "mens"),
)
"""Every word of `_BOT` and `_HUMAN`, however accented, contains one of these or is one of `_SHORT_WORDS`."""
_SHORT_WORDS = re.compile(r"(?<!\w)(?:ai|a\.i\.|ia|ki)(?!\w)")


def asks_about_bot(text: str) -> bool:
    """Tell whether `text` asks its reader whether it is a bot or a human."""
    return may_ask(text) and _compiled(_QUESTION).search(_plain(text)) is not None


def denies_being_bot(answer: str, *, asked: str) -> bool:
    """Tell whether `answer`, given to `asked`, claims that its writer is not a bot. False when `asked` does not ask."""
    if not may_ask(asked):
        return False
    question = _plain(asked)
    found = [match["what"] for match in _compiled(_QUESTION).finditer(question)]
    if not found:
        return False
    text = _plain(answer)
    if _compiled(_DENIAL).search(text):
        return True
    if _ADMISSION.search(text):
        return False
    bot = [_IS_BOT.match(what) is not None for what in found]
    if all(bot) and not re.search(rf"(?<!\w)(?:{_HUMAN})(?!\w)", question):
        return _BARE_NO.search(text) is not None
    if not any(bot) and not _ADMISSION.search(question):
        return _BARE_YES.search(text) is not None
    return False


def admits_being_bot(answer: str) -> bool:
    """Tell whether `answer`, given to "are you a bot?", says so."""
    text = _plain(answer)
    is_yes = _ADMISSION.search(text) is not None or _BARE_YES.search(text) is not None
    return is_yes and _compiled(_DENIAL).search(text) is None


def may_ask(text: str) -> bool:
    """Tell, in a microsecond and erring on the side of yes, whether `text` could be the question."""
    if text.startswith("@"):
        # the name of a bot often says what it is
        text = text.partition(" ")[2]
    lowered = text.lower()
    for stem in _STEMS:  # a plain loop: this runs for every reply
        if stem in lowered:
            return True
    if "ai" in lowered or "ia" in lowered or "ki" in lowered or "a.i." in lowered:
        return _SHORT_WORDS.search(lowered) is not None
    return False


def _plain(text: str) -> str:
    """Return `text` in lower case, without accents, with plain apostrophes and single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
        text = "".join(character for character in text if not unicodedata.combining(character))
    return " ".join(text.casefold().split())
