"""Judges what a bot asks of Telegram, and what the fake answers, by the published description of the Bot API."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

__all__ = ["TelegramContract"]

ARRAY = "Array of "
ENTRIES: dict[tuple[str, str], tuple[int, int]] = {
    ("sendMediaGroup", "media"): (2, 10),
    ("setMyCommands", "commands"): (0, 100),
}
"""(method, parameter) → how many entries the descriptions allow. How long a text may be, the methods themselves judge:
Telegram refuses what is over it with words of its own."""
ANY = (0, 0)
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class TelegramContract:
    """The methods and types of the description."""

    def __init__(self, file: Path) -> None:
        described = json.loads(file.read_text())
        self._methods: dict[str, Any] = described["methods"]
        self._types: dict[str, Any] = described["types"]

    def wrong_request(self, method: str, parameters: dict[str, Any], files: set[str]) -> list[str]:
        """Return what is wrong with a request. `files` are the names of the parts that are uploaded."""
        if method not in self._methods:
            return [f"there is no method {method}"]
        fields = {field["name"]: field for field in self._methods[method].get("fields", [])}
        # a file that is attached to another parameter is a part of its own
        referred = set(re.findall(r"attach://(\w+)", json.dumps(parameters)))
        wrong = [f"{method} has no parameter {name}" for name in (parameters.keys() | files) - fields.keys() - referred]
        wrong += [f"{method}: nothing is attached as {name}" for name in referred - files]
        for name, field in fields.items():
            where = f"{method}.{name}"
            if name in files:
                if "InputFile" not in field["types"]:
                    wrong.append(f"{where} is no file")
            elif name in parameters:
                wrong += self._wrong_value(parameters[name], field["types"], where)
                wrong += self._wrong_size(method, name, parameters[name])
            elif field["required"]:
                wrong.append(f"{where} is missing")
        return wrong

    def wrong_result(self, method: str, result: Any) -> list[str]:
        """Return what is wrong with an answer of the fake."""
        return self._wrong_value(result, self._methods[method]["returns"], f"the result of {method}")

    def wrong_update(self, update: dict[str, Any]) -> list[str]:
        """Return what is wrong with an update of the fake."""
        return self._wrong_value(update, ["Update"], "an update")

    def _wrong_size(self, method: str, name: str, value: object) -> list[str]:
        least, most = ENTRIES.get((method, name), ANY)
        entries = _entries(value) or []
        if (least, most) != ANY and not least <= len(entries) <= most:
            return [f"{method}.{name} has {len(entries)} entries"]
        match method, name:
            case "getUpdates", "limit":
                is_wrong = value not in range(1, 101)
            case "setMyCommands", "commands":
                is_wrong = any(
                    COMMAND.fullmatch(one["command"]) is None or not 1 <= len(one["description"]) <= 256
                    for one in entries
                )
            case "setWebhook", "secret_token":
                is_wrong = SECRET.fullmatch(str(value)) is None
            case _:
                is_wrong = False
        return [f"{method}.{name} is {value!r:.60}"] if is_wrong else []

    def _wrong_value(self, value: object, types: list[str], where: str) -> list[str]:
        found = [self._wrong_as(value, type, where) for type in types]
        return min(found, key=len)

    def _wrong_as(self, value: object, type: str, where: str) -> list[str]:
        if type.startswith(ARRAY):
            of = type.removeprefix(ARRAY)
            if (entries := _entries(value)) is None:
                return [f"{where} is no list"]
            return [wrong for one in entries for wrong in self._wrong_as(one, of, where)]
        match type:
            case "Integer":
                right = isinstance(value, int) and not isinstance(value, bool)
            case "Float":
                right = isinstance(value, int | float) and not isinstance(value, bool)
            case "String":
                right = isinstance(value, str)
            case "Boolean":
                right = isinstance(value, bool)
            case _:
                return self._wrong_object(value, type, where)
        return [] if right else [f"{where} is {value!r:.60}, and no {type}"]

    def _wrong_object(self, value: object, type: str, where: str) -> list[str]:
        if type not in self._types or not isinstance(value, dict):
            return [f"{where} is {value!r:.60}, and no {type}"]
        told, described = cast(dict[str, Any], value), self._types[type]
        if subtypes := described.get("subtypes"):
            return self._wrong_value(told, subtypes, where)
        fields = {field["name"]: field for field in described.get("fields", [])}
        wrong = [f"{type} has no {name} ({where})" for name in told.keys() - fields.keys()]
        for name, field in fields.items():
            if name in told:
                wrong += self._wrong_value(told[name], field["types"], f"{where}.{name}")
            elif field["required"]:
                wrong.append(f"{type} without {name} ({where})")
        return wrong


def _entries(value: object) -> list[Any] | None:
    return [*cast(Iterable[Any], value)] if isinstance(value, list) else None
