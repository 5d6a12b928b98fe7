"""Pages of the web, read within bounds, from wherever an owner says that they lie."""

from greenroom_adapters.web.reading import Page, Seen, read_page

__all__ = ["Page", "Seen", "read_page"]
