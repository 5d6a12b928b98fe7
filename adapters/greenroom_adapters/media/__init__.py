"""Pictures and clips: what they are by their bytes, whether a platform takes them, and how they are made to fit."""

from greenroom_adapters.media.clips import find_ffmpeg
from greenroom_adapters.media.facts import Dimensions, Facts, dimensions, facts_of, media_type_of
from greenroom_adapters.media.fitting import fit
from greenroom_adapters.media.limits import glance
from greenroom_adapters.media.loading import Loaded, load
from greenroom_adapters.media.provenance import Source, is_told_generated, source_in, source_of, written_png, xmp_of

__all__ = [
    "Dimensions",
    "Facts",
    "Loaded",
    "Source",
    "dimensions",
    "facts_of",
    "find_ffmpeg",
    "fit",
    "glance",
    "is_told_generated",
    "load",
    "media_type_of",
    "source_in",
    "source_of",
    "written_png",
    "xmp_of",
]
