"""A certificate of one's own, to sign pictures with for a start: nobody vouches for it but who made it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from greenroom_adapters.contract import ConfigurationError

__all__ = ["make_certificate"]

YEARS = 5
CERTIFICATE, KEY = "certificate.pem", "certificate-key.pem"


def make_certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """Write a certificate for `name`, with that on which it hangs, and its private key, which its owner alone can read;
    return where. The key of the one above it is thrown away, so nobody can make another.

    :raises ConfigurationError: one of them is there already, or a library is missing
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError as missing:
        raise ConfigurationError("certificates need a library: pip install 'greenroom[c2pa]'") from missing
    certificate, private = folder / CERTIFICATE, folder / KEY
    for path in (certificate, private):
        if path.exists():
            raise ConfigurationError(f"{path} is there already: it is left as it is, so name another folder")

    def called(common: str) -> x509.Name:
        return x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name), x509.NameAttribute(NameOID.COMMON_NAME, common)]
        )

    now = datetime.now(UTC)
    above, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def builder(key: ec.EllipticCurvePrivateKey, common: str, *, signs: bool) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(
            digital_signature=not signs,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=signs,
            crl_sign=signs,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(called(common))
            .issuer_name(called(f"{name} (self-made)"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365 * YEARS))
            .add_extension(x509.BasicConstraints(ca=signs, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        )

    root = builder(above, f"{name} (self-made)", signs=True).sign(above, hashes.SHA256())
    leaf = (
        builder(own, name, signs=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(above, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    chain = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (leaf, root))
    _write(certificate, chain, mode=0o644)
    _write(
        private,
        own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        mode=0o600,
    )
    return certificate, private


def _write(path: Path, content: bytes, *, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
