"""A self-signed certificate for the listeners with TLS."""
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Certificate:
    chain: Path
    key: Path


def make_certificate(folder):
    """P-256, for 127.0.0.1."""
    made = Certificate(Path(folder) / "server.crt", Path(folder) / "server.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(made.key), "-out", str(made.chain)], check=True, capture_output=True)
    return made
