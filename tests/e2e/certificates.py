"""Certificates of callers, good ones and such as no CA should make: chains of any length, at any time, with any names."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
DAY = 86400


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def uri(text):
    return x509.UniformResourceIdentifier(text)


def email(text):
    return x509.RFC822Name(text)


def alternatives(*names):
    return x509.SubjectAlternativeName(names)


def raw_uri(text):
    """Subject alternatives that hold one URI of these very bytes, which no library would write."""
    inner = b"\x86" + bytes([len(text)]) + text
    return x509.UnrecognizedExtension(x509.oid.ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30" + bytes([len(inner)]) + inner)


class Issuer:
    """A key and a certificate that may sign others."""

    def __init__(self, name, by=None, is_ca=True, begins=-DAY, ends=DAY):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.by = by
        self.certificate = build(self.name, self.key.public_key(), by or self, 1, begins, ends,
                                 [(x509.BasicConstraints(is_ca, None), True)])

    def pem(self):
        return self.certificate.public_bytes(PEM)

    def issue(self, folder, file, san=None, subject="someone", usage=(CLIENT,), begins=-DAY, ends=DAY, serial=None, chain=(), pad=0):
        """Makes FILE.crt with its chain and FILE.key; their paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [(x509.BasicConstraints(False, None), True)]
        if usage:
            extensions.append((x509.ExtendedKeyUsage(usage), False))
        if san is not None:
            extensions.append((san, False))
        if pad:
            extensions.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x04\x84" + pad.to_bytes(4, "big") + b"x" * pad), False))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else [])
        made = build(name, key.public_key(), self, serial or x509.random_serial_number(), begins, ends, extensions)
        return write(folder, file, [made.public_bytes(PEM), *(one.pem() for one in chain)], key)

    def revoke(self, path, serials, ends=DAY):
        """A list of revoked serials, as a PEM file."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(now() - datetime.timedelta(days=1)).next_update(now() + datetime.timedelta(seconds=ends))
        for serial in serials:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now() - datetime.timedelta(hours=1))
            builder = builder.add_revoked_certificate(one.build())
        with open(path, "wb") as file:
            file.write(builder.sign(self.key, hashes.SHA256()).public_bytes(PEM))
        return path


def build(name, public, issuer, serial, begins, ends, extensions):
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer.name).public_key(public).serial_number(serial)
    builder = builder.not_valid_before(now() + datetime.timedelta(seconds=begins)).not_valid_after(now() + datetime.timedelta(seconds=ends))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.key, hashes.SHA256())


def write(folder, file, certificates, key):
    paths = f"{folder}/{file}.crt", f"{folder}/{file}.key"
    with open(paths[0], "wb") as out:
        out.write(b"".join(certificates))
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with open(os.open(paths[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(secret)
    return paths
