"""The program that takes the text out of one PDF: `python -m greenroom.memory.pdf FILE CHARACTERS`.

Writes one JSON object: `{"title", "pages"}`, or `{"error"}` with what the owner can do about it.
"""

import contextlib
import json
import logging
import sys
from pathlib import Path

__all__ = ["main"]

MOST_MEMORY = 2 * 1024**3
"""Bytes of address space; a file that needs more is refused, and the machine goes on."""
MOST_PAGES = 3_000


def main(arguments: list[str]) -> int:
    """Write what stands in the file to standard output."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    path, most = Path(arguments[0]), int(arguments[1])
    try:
        answer = _text_of(path, most)
    except ImportError:
        answer = {"error": 'PDFs need one more library: pip install "greenroom[knowledge]"'}
    except MemoryError:
        answer = {"error": "it needs too much memory: save it as text"}
    json.dump(answer, sys.stdout)
    return 0


def _text_of(path: Path, most: int) -> dict[str, object]:
    # what it thinks of a file's mistakes is nobody's business
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    try:
        reader = PdfReader(path)
        if len(reader.pages) > MOST_PAGES:
            return {"error": f"it has {len(reader.pages):,} pages, {MOST_PAGES:,} are read: split it"}
        pages: list[str] = []
        for page in reader.pages:
            pages.append(page.extract_text())
            most -= len(pages[-1])
            if most < 0:
                return {"error": "it has too much text: split it"}
        title = (reader.metadata.title if reader.metadata is not None else None) or ""
    except FileNotDecryptedError:
        return {"error": "it is locked with a password: save it without one"}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a broken file brings about, its owner hears of it by name
        return {"error": f"it is broken ({type(error).__name__}): save it anew, or as text"}
    return {"title": title, "pages": pages}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
