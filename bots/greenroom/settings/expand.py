"""A file as it is understood: every default and every shorthand written out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from greenroom.settings.bot import BotFile
from greenroom.settings.document import plain_value
from greenroom.settings.model import Model

__all__ = ["expanded"]


def expanded(model: Model) -> str:
    """Return the YAML text of a loaded file: reading it beside the original gives an equal model.

    What nobody wrote and has no default (no quiet hours, no blocked people) is left out. Secrets stay references.
    """
    file = getattr(model, "file", None)
    folder = file.parent if isinstance(file, Path) else None
    values = model.model_dump(mode="json", by_alias=True, exclude=set(model.computed), context=folder)
    if isinstance(model, BotFile):
        for name in model.accounts:
            values["accounts"][name] |= values["accounts"][name].pop("settings")
        for rule in values["answer"]:
            del rule["name"]
    return yaml.dump(_worth_writing(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _worth_writing(value: object) -> object:
    """Leave out what is nothing."""
    if isinstance(value, Mapping):
        parts = ((key, _worth_writing(part)) for key, part in cast(Mapping[str, Any], value).items())
        return {key: part for key, part in parts if part is not None and part != [] and part != {}}
    if isinstance(value, list):
        return list(map(_worth_writing, cast(list[object], value)))
    return value


class _Dumper(yaml.SafeDumper):
    """Writes texts so that readers of YAML 1.1 and 1.2 take them for texts."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    try:
        is_text = plain_value(value) == value
    except ValueError:
        is_text = False
    style = None if is_text else "'"
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)  # pyright: ignore[reportUnknownMemberType]  # the stub leaves `value` open
    return node


_Dumper.add_representer(str, _text)
