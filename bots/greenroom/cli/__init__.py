"""The command line: what an owner types, and what he reads."""

from greenroom.cli.entry import main

__all__ = ["main"]
