"""Which language a text is in, judged by its small words: enough to tell a wrong one, for the languages listed here."""

import re
from collections.abc import Collection, Mapping

__all__ = ["TONGUES", "base_of", "foreign_tongue", "words_of_tongues"]

SURELY = 3
"""So many small words more of a language that is not spoken than of those that are, and the text is in it."""

TONGUES: Mapping[str, frozenset[str]] = {
    tag: frozenset(words.split())
    for tag, words in {
        "de": "der die das und ist nicht ich du wir sie es ein eine einen mit von zu auf für auch sich dem den "
        "hat sind war wie was wer heute morgen guten bitte danke kein keine nur noch schon aber oder wenn",
        "en": "the and is are not i you we they it of to in that this with for was have has on at be what who how "
        "today good please thank thanks my your from but or if when there here will would do does",
        "es": "el la los las y es no yo tú usted nosotros un una con de que en por para está son era cómo qué "
        "quién hoy buenos buenas gracias muy pero o si cuando aquí hay al del mañana",
        "fr": "le la les et est ne pas je tu vous nous il elle un une des avec de que dans pour sur sont était "
        "comment qui aujourd'hui bonjour merci très mais ou si quand ici du au ce cette c'est",
        "it": "il lo la gli le e è non io tu voi noi un una con di che in per sono era come chi oggi buongiorno "
        "grazie molto ma o se quando qui del della al questo questa ci",
        "nl": "de het een en is niet ik jij je wij zij met van te op voor ook zijn was hoe wat wie vandaag goede "
        "dank bedankt maar of als hier er naar dit dat geen nog",
        "pt": "o a os as e é não eu tu você nós um uma com de que em para por está são era como quem hoje bom boa "
        "olá obrigado obrigada muito mas ou se quando aqui do da no na ao às à dos das foi já há",
    }.items()
}
"""Language → words of which nearly every sentence has one."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def base_of(tag: str) -> str:
    """Return the language of a tag: `pt` of `pt-BR`."""
    return tag.partition("-")[0].casefold()


def words_of_tongues(text: str) -> dict[str, int]:
    """Return language → how many words of `text` are among its small ones, for every language listed here."""
    words = [word.casefold() for word in _WORD.findall(text.replace("\u2019", "'"))]
    return {tag: sum(word in small for word in words) for tag, small in TONGUES.items()}


def foreign_tongue(text: str, spoken: Collection[str]) -> str | None:
    """Return the language that a text surely is in, where it is none of those that are `spoken` (without regions);
    None: it may be one of them, or cannot be told."""
    if not spoken or not TONGUES.keys() >= set(spoken):
        return None
    found = words_of_tongues(text)
    likeliest = max(found, key=lambda tag: found[tag])
    return likeliest if found[likeliest] >= SURELY + max(found[tag] for tag in spoken) else None
