"""`engines: usage`: where a provider says what it has billed."""

from typing import ClassVar

from greenroom.settings.model import Model, Text, Url
from greenroom.settings.secrets import SecretRef

__all__ = ["UsageRef"]


class UsageRef(Model):
    """OpenAI's own figures, with which `greenroom spend` compares the bill."""

    section: ClassVar[str] = "`usage`"

    key: SecretRef
    """Where an admin key is kept: the keys of models may not read them."""
    project: Text | None = None
    """Id of the project that the bot's key belongs to; none: all of the organization."""
    server: Url | None = None
    """Address of a server that answers as OpenAI does; none: OpenAI's own."""
