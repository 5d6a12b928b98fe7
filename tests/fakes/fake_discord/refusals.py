"""The errors of the API."""

from fake_discord.store import Document

__all__ = ["Refused", "invalid"]


class Refused(Exception):
    """An error of the API."""

    def __init__(self, status: int, code: int, message: str, errors: Document | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Document = {"code": code, "message": message, **({"errors": errors} if errors else {})}


def invalid(field: str, code: str, message: str) -> Refused:
    """Return the refusal of a form because of one field."""
    told = {field: {"_errors": [{"code": code, "message": message}]}}
    return Refused(400, 50035, "Invalid Form Body", told)
