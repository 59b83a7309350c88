"""An authority of one's own and what it issues, for servers that tests fetch from."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Certificates:
    authority: Path
    """What SSL_CERT_FILE should name."""
    site: Path
    key: Path


def issue(folder: Path, subjects: Iterable[str]) -> Certificates:
    """subjects: as in subjectAltName, like DNS:pub.test or IP:93.184.216.34."""
    made = Certificates(folder / "authority.pem", folder / "site.pem", folder / "site.key")
    authority_key = folder / "authority.key"
    # Python 3.13 verifies strictly: the usage and the identifiers must be there.
    _request(
        *("-subj", "/CN=Test authority", "-keyout", str(authority_key), "-out", str(made.authority)),
        *("-addext", "keyUsage=critical,keyCertSign"),
    )
    _request(
        *("-subj", "/CN=site", "-keyout", str(made.key), "-out", str(made.site)),
        *("-CA", str(made.authority), "-CAkey", str(authority_key)),
        *("-addext", f"subjectAltName={','.join(subjects)}", "-addext", "basicConstraints=CA:FALSE"),
        *("-addext", "subjectKeyIdentifier=hash", "-addext", "authorityKeyIdentifier=keyid"),
    )
    return made


def _request(*arguments: str) -> None:
    command = ["openssl", "req", "-x509", "-days", "2", *_NEW_KEY, *arguments]
    subprocess.run(command, check=True, capture_output=True)
