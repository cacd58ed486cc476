"""Certificates and SCRAM verifiers for a world of its own."""

import base64
import hashlib
import hmac
import os
import subprocess


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def make_ca(folder, name):
    """Makes NAME.crt and NAME.key; returns the certificate's path."""
    certificate, key = f"{folder}/{name}.crt", f"{folder}/{name}.key"
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-keyout", key, "-out", certificate)
    return certificate


def make_certificate(folder, ca, name, serial=1):
    """Makes NAME.crt and NAME.key for localhost and 127.0.0.1, signed by `ca`."""
    request, extensions = f"{folder}/{name}.csr", f"{folder}/{name}.ext"
    with open(extensions, "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
             "-keyout", f"{folder}/{name}.key", "-out", request)
    _openssl("x509", "-req", "-days", "2", "-in", request, "-CA", f"{folder}/{ca}.crt", "-CAkey", f"{folder}/{ca}.key",
             "-set_serial", str(serial), "-extfile", extensions, "-out", f"{folder}/{name}.crt")
    os.chmod(f"{folder}/{name}.key", 0o600)
    return f"{folder}/{name}.crt"


def scram_secret(password):
    """A verifier as PostgreSQL writes it (RFC 5802, section 3)."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 4096)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return "SCRAM-SHA-256$4096:{}${}:{}".format(*(base64.b64encode(part).decode() for part in (salt, stored, server)))
