"""What there is to say of a bot's tools before it runs."""

import shlex
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from greenroom.settings import BotFile, ModelRef
from greenroom.settings.tools import is_address
from greenroom_adapters.contract import Trust

if TYPE_CHECKING:
    from greenroom.personas import Persona

__all__ = ["warnings_of_tools"]


def warnings_of_tools(file: BotFile, persona: "Persona") -> Iterator[str]:
    """Yield why tools of the file will not be used, each with its mend: nobody may, no engine can, or the command is
    not on this machine. Starts nothing."""
    if not file.tools:
        return
    if not any(isinstance(engine, ModelRef) for engine in file.engines.text):
        yield "`tools` are used by models alone, and none is among the `engines`: write one, like openai/gpt-5-mini"
    allowed = {name.partition("/")[0] for name in persona.tools.of(Trust.OWNER)}
    for name, tool in file.tools.items():
        if name not in allowed:
            mend = f"write `tools: {{anyone: [{name}]}}` into the persona, or `owner`"
            yield f"the tool `{name}` is used for nobody: {mend}"
        elif tool.mcp is not None and not is_address(tool.mcp) and (fault := _fault(tool.mcp)):
            yield f"the tool `{name}` cannot be started: {fault}"


def _fault(command: str) -> str | None:
    try:
        words = shlex.split(command)
    except ValueError:
        return "its command has a quotation mark or a backslash without its end"
    if shutil.which(words[0]):
        return None
    return f"there is no program {words[0]} here. Install it, or write its whole path"
