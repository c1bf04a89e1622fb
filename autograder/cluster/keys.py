"""The key that all parts of a cluster share, and by which they know each other.

A scheduler runs whatever it is sent, so nobody else may reach it: every connection is encrypted, and each side shows
the certificate and proves that it has its key. One self-signed certificate for all is enough, for all parts are ours.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from autograder import atomic_files
from autograder.checks.errors import UsageError

if TYPE_CHECKING:  # slow to import
    from distributed import Security

__all__ = ["default_folder", "make_keys", "security"]

CERTIFICATE = "cluster-cert.pem"
KEY = "cluster-key.pem"
DAYS = 400
_CLOCKS = datetime.timedelta(days=1)


def default_folder() -> Path:
    """Where keys are kept when no folder is named: in this user's settings, which nobody else reads."""
    return Path(platformdirs.user_config_dir("autograder")) / "cluster"


def make_keys(folder: Path) -> None:
    """Write a new key and its certificate, for this user's eyes only.

    It holds from a day ago, so that a clock that is slow does not refuse it.

    Raises:
        UsageError: there is a key already.
        OSError: the folder cannot be written.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if (folder / KEY).exists():
        raise UsageError(f"{folder} holds a key already; every part needs the same one, so remove it only on purpose.")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "autograder cluster")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS)
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    before = os.umask(0o077)
    try:
        atomic_files.write(folder / KEY, secret)
        atomic_files.write(folder / CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))
    finally:
        os.umask(before)


def security(folder: Path) -> Security:
    """What `distributed` needs to speak to the others, and to nobody else.

    Raises:
        UsageError: there is no key in the folder, or others may read it.
    """
    from distributed import Security

    key, certificate = folder / KEY, folder / CERTIFICATE
    if not (key.is_file() and certificate.is_file()):
        raise UsageError(
            f"There is no key in {folder}; `autograder cluster keys` makes one, and every machine needs the same."
        )
    if key.stat().st_mode & 0o077:
        raise UsageError(f"Others may read {key}, and with it run programs as you; `chmod 600 {key}`.")
    roles = {
        f"tls_{role}_{part}": str(path)
        for role in ("client", "scheduler", "worker")
        for part, path in (("cert", certificate), ("key", key))
    }
    return Security(require_encryption=True, tls_ca_file=str(certificate), **roles)
