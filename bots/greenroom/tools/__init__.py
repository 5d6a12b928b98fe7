"""Tools that engines may call: where they come from, and how they fail."""

from greenroom.tools.source import Offer, Source, ToolFailed
from greenroom.tools.toolbox import Toolbox, build_toolbox

__all__ = ["Offer", "Source", "ToolFailed", "Toolbox", "build_toolbox"]
