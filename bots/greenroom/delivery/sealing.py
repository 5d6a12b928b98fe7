"""Signing what a model made: a manifest of C2PA, which says so and shows whether somebody changed it since."""

import hashlib
import importlib
import io
import os
import secrets
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from greenroom_adapters.contract import ConfigurationError, Secret
from greenroom_adapters.media import Source, source_in

__all__ = ["LARGEST", "Sealer"]

LARGEST = 32_000
"""Bytes of a manifest, with room for a longer chain and the word of a time server."""
TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class Sealer:
    """Signs pictures with one certificate."""

    def __init__(self, certificate: bytes, key: Secret, *, bot: str, time_server: str | None = None) -> None:
        """Take the chain and the key, both as PEM, and see whether they can sign.

        :raises ConfigurationError: they cannot, or a library is missing
        """
        try:
            self._c2pa = c2pa = importlib.import_module("c2pa")
            from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
            from cryptography.x509 import load_pem_x509_certificates
        except ImportError as missing:
            raise ConfigurationError("`provenance` needs a library: pip install 'greenroom[c2pa]'") from missing
        try:
            chain = load_pem_x509_certificates(certificate)
            private = load_pem_private_key(key.reveal().encode(), password=None)
        except (ValueError, TypeError) as error:
            raise ConfigurationError("`provenance`: the certificate or its key is no PEM that can be read") from error
        if private.public_key() != chain[0].public_key():
            raise ConfigurationError("`provenance`: the key does not belong to the first certificate of the file")
        if isinstance(private, rsa.RSAPrivateKey):
            algorithm = c2pa.C2paSigningAlg.PS256
        elif isinstance(private, ed25519.Ed25519PrivateKey):
            algorithm = c2pa.C2paSigningAlg.ED25519
        elif isinstance(private, ec.EllipticCurvePrivateKey) and private.key_size in (256, 384, 521):
            strengths = {256: c2pa.C2paSigningAlg.ES256, 384: c2pa.C2paSigningAlg.ES384, 521: c2pa.C2paSigningAlg.ES512}
            algorithm = strengths[private.key_size]
        else:
            raise ConfigurationError("`provenance`: C2PA signs with keys of RSA, Ed25519 or P-256, P-384 and P-521")
        self._info = c2pa.C2paSignerInfo(
            alg=algorithm, sign_cert=certificate, private_key=key.reveal().encode(), ta_url=time_server
        )
        self._bot = bot
        self._name = hashlib.sha256(certificate).hexdigest()[:8]
        # what the standard asks of a certificate shows when it signs
        try:
            self._signed(_smallest(), "image/png", Source.MODEL)
        except c2pa.C2paError as error:
            raise ConfigurationError(f"`provenance`: nothing can be signed with this certificate: {error}") from error

    def seal(self, path: Path, media_type: str, *, most: int, folder: Path) -> tuple[Path, str]:
        """Return a signed copy of the picture at `path`, of `most` bytes at the most, and what was done, in words; the
        picture itself where it is not signed. The same picture comes to the same copy in every later call.

        What has a manifest of its own keeps it.
        """
        c2pa = self._c2pa
        if media_type not in TYPES:
            return path, f"has no manifest: C2PA is not written into {media_type}"
        content = path.read_bytes()
        if c2pa.Reader.try_create(media_type, io.BytesIO(content)) is not None:
            return path, "has a manifest already, and keeps it"
        digest = hashlib.sha256(content).hexdigest()[:32]
        sealed = folder / f"{digest}-{self._name}{path.suffix}"
        if not sealed.is_file():
            try:
                signed = self._signed(content, media_type, source_in(content) or Source.MODEL)
            except c2pa.C2paError as error:
                return path, f"has no manifest: {error}"
            if len(signed) > most:
                return path, "has no manifest: with one it would be larger than the platform takes"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = folder / f".{secrets.token_hex(8)}.part"
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(signed)
            unfinished.replace(sealed)
        os.utime(sealed)
        return sealed, "signed: its manifest says that a model made it"

    def _signed(self, content: bytes, media_type: str, source: Source) -> bytes:
        manifest = {
            "claim_generator_info": [{"name": "Greenroom", "version": version("greenroom")}],
            "title": f"by {self._bot}",
            "format": media_type,
            "assertions": [
                {
                    "label": "c2pa.actions",
                    "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": f"{VOCABULARY}{source}"}]},
                }
            ],
        }
        out = io.BytesIO()
        with ExitStack() as stack:
            # a thumbnail of the picture in the picture serves nobody
            settings = self._c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
            context = stack.enter_context(self._c2pa.Context(settings))
            signer = stack.enter_context(self._c2pa.Signer.from_info(self._info))
            builder = stack.enter_context(self._c2pa.Builder(manifest, context=context))
            builder.sign(signer, media_type, io.BytesIO(content), out)
        return out.getvalue()


def _smallest() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()
