"""The voice without a model: patterns that answer, grammars that post, and the script files they are written in."""

from greenroom.generation.script.engine import ScriptEngine
from greenroom.generation.script.loader import load_script
from greenroom.generation.script.script import Script

__all__ = ["Script", "ScriptEngine", "load_script"]
