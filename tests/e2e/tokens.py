"""Tokens that an issuer would make, and those that none would: compact JWS (RFC 7515) of any header, payload and
signature. What is given as text or bytes stands in the token as it is."""

import base64
import hashlib
import hmac
import json
import os
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

GONE = object()  # a claim or a header parameter that is left out
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "secp256k1": ec.SECP256K1}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(value, size=None):
    """An unsigned integer as JWA writes it."""
    return b64(value.to_bytes(size or max(1, (value.bit_length() + 7) // 8), "big"))


class Key:
    """A pair of keys, or a public one alone, which only verifies. `kid` None: the JWK names none."""

    def __init__(self, private, kid=None, curve=None, public=None):
        self.private, self.kid, self.curve = private, kid, curve
        self.public = public or private.public_key()

    @staticmethod
    def rsa(kid=None, bits=2048, exponent=65537):
        return Key(rsa.generate_private_key(exponent, bits), kid)

    @staticmethod
    def ec(kid=None, curve="P-256"):
        return Key(ec.generate_private_key(CURVES[curve]()), kid, curve)

    @staticmethod
    def ed25519(kid=None):
        return Key(ed25519.Ed25519PrivateKey.generate(), kid, "Ed25519")

    def pem(self, pkcs1=False, der=False):
        """The public key in a form that somebody could take for a secret."""
        form = serialization.PublicFormat.PKCS1 if pkcs1 else serialization.PublicFormat.SubjectPublicKeyInfo
        return self.public.public_bytes(serialization.Encoding.DER if der else serialization.Encoding.PEM, form)

    def jwk(self, **more):
        """The public key as a JWK (RFC 7517, 8037); members in `more` replace, GONE removes."""
        public = self.public
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            out = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        elif isinstance(public, ec.EllipticCurvePublicKey):
            numbers, size = public.public_numbers(), (public.curve.key_size + 7) // 8
            out = {"kty": "EC", "crv": self.curve, "x": number(numbers.x, size), "y": number(numbers.y, size)}
        else:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            out = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        return without_gone(out | ({} if self.kid is None else {"kid": self.kid}) | {"use": "sig"} | more)

    def sign(self, alg, data):
        """The signature that `alg` names, over `data`; with the key's own way where it names none for this key."""
        digest = HASHES.get(alg[2:], hashes.SHA256)()
        if isinstance(self.private, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return self.private.sign(data, pss if alg.startswith("PS") else padding.PKCS1v15(), digest)
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(data)
        return self.raw(*self.ecdsa(data, digest))

    def ecdsa(self, data, digest=None):
        """r and s."""
        return utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(digest or hashes.SHA256())))

    def raw(self, r, s):
        """r and s as RFC 7518, section 3.4 wants them."""
        size = (self.private.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def verify(self, token):
        """Raises unless `token` is signed by this key with the algorithm that its header names."""
        signed, _, signature = token.rpartition(".")
        alg = json.loads(unb64(token.split(".")[0]))["alg"]
        data, signature = signed.encode(), unb64(signature)
        digest = HASHES.get(alg[2:], hashes.SHA256)()
        if alg.startswith("RS"):
            self.public.verify(signature, data, padding.PKCS1v15(), digest)
        elif alg.startswith("PS"):
            self.public.verify(signature, data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        elif alg.startswith("ES"):
            assert len(signature) == 2 * ((self.public.curve.key_size + 7) // 8)
            half = len(signature) // 2
            pair = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            self.public.verify(utils.encode_dss_signature(*pair), data, ec.ECDSA(digest))
        else:
            self.public.verify(signature, data)


def public_key(jwk):
    """A Key that only verifies, from somebody's JWK."""
    whole = lambda name: int.from_bytes(unb64(jwk[name]), "big")
    if jwk["kty"] == "RSA":
        made = rsa.RSAPublicNumbers(whole("e"), whole("n")).public_key()
    elif jwk["kty"] == "EC":
        made = ec.EllipticCurvePublicNumbers(whole("x"), whole("y"), CURVES[jwk["crv"]]()).public_key()
    else:
        made = ed25519.Ed25519PublicKey.from_public_bytes(unb64(jwk["x"]))
    return Key(None, jwk.get("kid"), jwk.get("crv"), made)


def without_gone(members):
    return {name: value for name, value in members.items() if value is not GONE}


def text_of(part):
    """A header's or payload's bytes: of what has members their JSON, of text UTF-8, bytes as they are."""
    if isinstance(part, bytes):
        return part
    return (part if isinstance(part, str) else json.dumps(part, separators=(",", ":"))).encode()


def algorithm_of(key):
    if isinstance(key.private, rsa.RSAPrivateKey):
        return "RS256"
    return {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "secp256k1": "ES256K", "Ed25519": "EdDSA"}[key.curve]


def compact(header, payload, sign, encode=b64):
    """HEADER.PAYLOAD.SIGNATURE; `sign` makes the signature's bytes of the signing input."""
    signed = encode(text_of(header)) + "." + encode(text_of(payload))
    return signed + "." + b64(sign(signed.encode()))


def hs(secret, digest="sha256"):
    """A signer by HMAC, for those who take a public key for a secret."""
    return lambda data: hmac.digest(secret, data, digest)


def nothing(_):
    return b""


class Issuer:
    """An issuer with its keys: the first signs where nothing else is said."""

    def __init__(self, issuer, keys, audience="sallyport", claims=None):
        self.issuer, self.keys, self.audience = issuer, list(keys), audience
        self.more = claims or {}

    def jwks(self):
        return {"keys": [key.jwk() for key in self.keys]}

    def claims(self, changes=None, **more):
        """What it says of a caller; `changes` replace, GONE removes."""
        now = int(time.time())
        base = {"iss": self.issuer, "aud": self.audience, "sub": "agent-7", "iat": now, "nbf": now, "exp": now + 600,
                "jti": b64(os.urandom(9)), "groups": ["agents"]}
        return without_gone(base | self.more | (changes or {}) | more)

    def header(self, changes=None, key=None, alg=None, **more):
        key = key or self.keys[0]
        base = {"alg": alg or algorithm_of(key), "typ": "JWT"} | ({} if key.kid is None else {"kid": key.kid})
        return without_gone(base | (changes or {}) | more)

    def token(self, claims=None, header=None, key=None, alg=None, payload=None, whole_header=None, sign=None, encode=b64):
        """A token: `claims` and `header` change what is usual, `payload` and `whole_header` stand in their place;
        `sign` in the signature's."""
        key = key or self.keys[0]
        alg = alg or algorithm_of(key)
        head = self.header(header, key, alg) if whole_header is None else whole_header
        body = self.claims(claims) if payload is None else payload
        return compact(head, body, sign or (lambda data: key.sign(alg, data)), encode)


def thumbprint(jwk):
    """RFC 7638."""
    members = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    return b64(hashlib.sha256(json.dumps({name: jwk[name] for name in members}, separators=(",", ":")).encode()).digest())
