"""`provenance`: with what the bot signs the pictures that a model made for it."""

from typing import ClassVar

from greenroom.settings.model import FilePath, Model, Url
from greenroom.settings.secrets import SecretRef

__all__ = ["Provenance"]


class Provenance(Model):
    """A certificate, with which a manifest of C2PA goes into each picture that a model made."""

    section: ClassVar[str] = "`provenance`"

    certificate: FilePath
    """PEM: the certificate, and below it those that it hangs on, without the last one."""
    key: SecretRef
    """Where its private key is kept, as PEM."""
    time_server: Url | None = None
    """Address of a server (RFC 3161) that certifies when it was signed; none: nobody does."""
