"""How days are called in the languages of `tongues`."""

from collections.abc import Mapping
from datetime import date

from greenroom.personas.tongues import base_of

__all__ = ["MONTHS", "WEEKDAYS", "date_in", "month_in", "weekday_in"]

MONTHS: Mapping[str, tuple[str, ...]] = {
    tag: tuple(names.split())
    for tag, names in {
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "en": "January February March April May June July August September October November December",
        "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "nl": "januari februari maart april mei juni juli augustus september oktober november december",
        "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    }.items()
}
"""Language → its months, from January on."""
WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    tag: tuple(names.split())
    for tag, names in {
        "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "es": "lunes martes miércoles jueves viernes sábado domingo",
        "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    }.items()
}
"""Language → the days of its week, from Monday on."""
_BETWEEN = {"de": ". ", "es": " de ", "pt": " de "}
"""Language → what stands between day and month; a space in the others."""


def month_in(tag: str, day: date) -> str:
    """Return what the month of a day is called in a language, or in English where that is none of these."""
    return MONTHS[_known(tag)][day.month - 1]


def weekday_in(tag: str, day: date) -> str:
    """Return what a day of the week is called in a language, or in English where that is none of these."""
    return WEEKDAYS[_known(tag)][day.weekday()]


def date_in(tag: str, day: date) -> str:
    """Return a day without its year, as it is written in a language, or in English where that is none of these."""
    number = "1er" if _known(tag) == "fr" and day.day == 1 else str(day.day)
    return f"{number}{_BETWEEN.get(_known(tag), ' ')}{month_in(tag, day)}"


def _known(tag: str) -> str:
    base = base_of(tag)
    return base if base in MONTHS else "en"
