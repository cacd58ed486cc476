"""The tables of test_oidc.py: tokens that must be refused, each with the reasons that the record may give, and tokens
that must be taken. World says which keys and issuers they are about."""

import base64
import collections
import json
import time

from tokens import GONE, Issuer, Key, b64, compact, hs, nothing, number, text_of, unb64

# One token, or bytes that only look like one. `reasons`: any of them is right.
Case = collections.namedtuple("Case", "name token reasons")

ALGORITHM, AUDIENCE, CLAIMS, KEY, MALFORMED = ("token-algorithm", "token-audience", "token-claims", "token-key-unknown",
                                               "token-malformed")
ISSUER, PARTY, SIGNATURE, TOO_LARGE = "token-issuer-unknown", "token-party", "token-signature", "token-too-large"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, section 9.2, note 1
CORP, OTHER, PARTIES = "https://idp.test/realms/corp", "https://idp.test/realms/other", "https://idp.test/realms/parties"
ENTRA = "https://login.microsoftonline.com/5f4b3a2e-0000-4000-8000-00000000a1b2/v2.0"
ENTRA_CLAIMS = {"ver": "2.0", "tid": "5f4b3a2e-0000-4000-8000-00000000a1b2", "oid": "9a8b7c6d-0000-4000-8000-00000000c3d4",
                "preferred_username": "ann@example.com", "azp": "a1b2c3d4-0000-4000-8000-00000000e5f6", "groups": GONE}


class World:
    """Issuers and their keys. `corp` publishes keys of every kind, and some that no token may be signed with."""

    def __init__(self):
        self.rsa, self.rsa2, self.pss = Key.rsa("rsa-1"), Key.rsa("rsa-2"), Key.rsa("rsa-ps")
        self.p256, self.p384, self.ed = Key.ec("ec-256"), Key.ec("ec-384", "P-384"), Key.ed25519("ed")
        self.p521, self.enc, self.cubic = Key.ec("ec-521", "P-521"), Key.rsa("enc"), Key.rsa("rsa-e3", exponent=3)
        self.weak, self.ops, self.unfit_alg = Key.rsa("weak", bits=1024), Key.rsa("ops"), Key.rsa("oaep")
        self.attacker, self.attacker_ec = Key.rsa("attacker"), Key.ec("attacker-ec")
        self.secret = b"a secret that stands in a published set"
        self.corp = Issuer(CORP, [self.rsa, self.rsa2, self.pss, self.p256, self.p384, self.ed])
        self.other = Issuer(OTHER, [Key.rsa("rsa-1")])
        self.parties = Issuer(PARTIES, [self.rsa])
        self.entra = Issuer(ENTRA, [self.rsa], claims=ENTRA_CLAIMS)

    def jwks(self):
        """What corp publishes."""
        unfit = [self.p521.jwk(), self.enc.jwk(use="enc"), self.cubic.jwk(), self.weak.jwk(), self.ops.jwk(use=GONE, key_ops=["encrypt"]),
                 self.unfit_alg.jwk(use=GONE, alg="RSA-OAEP"), {"kty": "oct", "kid": "oct", "k": b64(self.secret)},
                 {"kty": "hyperbolic", "kid": "new"}]
        return {"keys": [self.rsa.jwk(), self.rsa2.jwk(), self.pss.jwk(alg="PS256"), self.p256.jwk(alg="ES256"), self.p384.jwk(),
                         self.ed.jwk(), *unfit]}


def hostile(world, lure):
    """All cases that must be refused. `lure`: the address of a server that publishes the attacker's keys."""
    for family in (algorithms, lures, key_names, header_members, curves, signatures, unfit_keys, doubles, texts, issuers,
                   audiences, times, subjects, actors, groups, parties, encodings, sizes):
        for name, token, *reasons in family(world, lure):
            yield Case(f"{family.__name__}: {name}", token, reasons)


def algorithms(world, _):
    corp, rsa = world.corp, world.rsa
    for name in ("none", "None", "nOnE", "NONE", ""):
        yield f"{name!r} unsigned", corp.token(header={"alg": name}, sign=nothing), ALGORITHM
    yield "none, no kid", corp.token(header={"alg": "none", "kid": GONE}, sign=nothing), ALGORITHM
    yield "none, signed all the same", corp.token(header={"alg": "none"}), ALGORITHM
    modulus = unb64(rsa.jwk()["n"])
    secrets = {"PEM": rsa.pem(), "PEM less its last newline": rsa.pem().rstrip(), "PKCS #1 PEM": rsa.pem(pkcs1=True),
               "DER": rsa.pem(der=True), "PKCS #1 DER": rsa.pem(pkcs1=True, der=True), "modulus": modulus,
               "modulus as text": rsa.jwk()["n"].encode(), "JWK": json.dumps(rsa.jwk()).encode(), "nothing": b""}
    for name, secret in secrets.items():
        yield f"HS256, secret: {name}", corp.token(header={"alg": "HS256"}, sign=hs(secret)), ALGORITHM
    yield "HS384, secret: PEM", corp.token(header={"alg": "HS384"}, sign=hs(rsa.pem(), "sha384")), ALGORITHM
    yield "HS512, secret: PEM", corp.token(header={"alg": "HS512"}, sign=hs(rsa.pem(), "sha512")), ALGORITHM
    point = unb64(world.p256.jwk()["x"])
    yield "HS256, secret: a curve's x", corp.token(key=world.p256, header={"alg": "HS256"}, sign=hs(point)), ALGORITHM
    yield "HS256 with the published secret", corp.token(header={"alg": "HS256", "kid": "oct"}, sign=hs(world.secret)), ALGORITHM, KEY
    for name in ("RS1", "PS384", "PS512", "rs256", "RS256 ", " RS256", "RS256\0", "RS2560", "RS", "XX999", "RSA-OAEP", "dir", "Rs256"):
        sign = lambda data, alg=name: rsa.sign(alg if alg in ("PS384", "PS512") else "RS256", data)
        yield repr(name), corp.token(header={"alg": name}, sign=sign), ALGORITHM, *([MALFORMED] if "\0" in name else [])
    yield "ES512", corp.token(key=world.p521, alg="ES512"), ALGORITHM
    k1 = Key.ec("ec-256", "secp256k1")
    yield "ES256K", corp.token(key=k1), ALGORITHM
    for name, value in (("absent", GONE), ("null", None), ("a number", 256), ("a list", ["RS256"]), ("an object", {"RS256": 1}),
                        ("true", True)):
        yield name, corp.token(header={"alg": value}), ALGORITHM, MALFORMED


def lures(world, lure):
    """A key that the token brings along."""
    corp, key, curve = world.corp, world.attacker, world.attacker_ec
    for kid in ("rsa-1", "attacker"):
        reason = SIGNATURE if kid == "rsa-1" else KEY
        brought = {"jwk": key.jwk(kid=kid), "jku": lure + "/jwks.json", "x5u": lure + "/chain.pem", "x5c": [b64(key.pem(der=True))],
                   "iss": lure, "jwks_uri": lure + "/jwks.json"}
        for name, value in brought.items():
            yield f"{name}, kid {kid}", corp.token(key=key, header={"kid": kid, name: value}), reason, MALFORMED
        yield f"jwk of an oct key, kid {kid}", corp.token(
            header={"alg": "HS256", "kid": kid, "jwk": {"kty": "oct", "k": b64(b"mine")}}, sign=hs(b"mine")), ALGORITHM, MALFORMED
    yield "jwk alone", corp.token(key=curve, header={"kid": GONE, "jwk": curve.jwk()}), SIGNATURE, KEY, MALFORMED
    yield "x5t of the right key", corp.token(key=key, header={"kid": "attacker", "x5t": "rsa-1"}), KEY
    yield "iss of the attacker", Issuer(lure, [key]).token(), ISSUER


def key_names(world, _):
    corp, key = world.corp, world.attacker
    yield "empty", corp.token(key=key, header={"kid": ""}), SIGNATURE, KEY, MALFORMED
    for kid in ("nobody", "../../../../../../etc/passwd", "/dev/null", "file:///dev/null", "' OR '1'='1", "rsa-1' --", "RSA-1",
                " rsa-1", "rsa-1 ", "rsa-1/", "*", "%s%n", "0"):
        yield repr(kid), corp.token(key=key, header={"kid": kid}), KEY, MALFORMED
    yield "unknown, though signed by a known key", corp.token(header={"kid": "nobody"}), KEY
    yield "of 4000 characters", corp.token(key=key, header={"kid": "k" * 4000}), KEY, MALFORMED
    yield "with a NUL", corp.token(header={"kid": "rsa-1\0"}), KEY, MALFORMED
    yield "with a newline", corp.token(header={"kid": "rsa-1\n"}), KEY, MALFORMED
    for name, value in (("a number", 1), ("null", None), ("a list", ["rsa-1"]), ("an object", {"kid": "rsa-1"}), ("true", True)):
        yield name, corp.token(header={"kid": value}), MALFORMED
    yield "/dev/null as a secret", corp.token(header={"alg": "HS256", "kid": "../../../dev/null"}, sign=hs(b"")), ALGORITHM


def header_members(world, _):
    corp = world.corp
    for name, value in (("exp", ["exp"]), ("something unknown", ["http://example.com/x"]), ("nothing", []), ("b64", ["b64"]),
                        ("alg", ["alg"]), ("a text", "exp"), ("null", None), ("numbers", [1])):
        more = {"b64": True} if name == "b64" else {"http://example.com/x": 1}
        yield f"crit: {name}", corp.token(header={"crit": value} | more), MALFORMED, ALGORITHM
    header = corp.header(crit=["b64"], b64=False)
    plain = json.dumps(corp.claims(), separators=(",", ":"))
    head = b64(text_of(header))
    yield "b64 false, as RFC 7797 has it", head + "." + plain + "." + b64(world.rsa.sign("RS256", f"{head}.{plain}".encode())), MALFORMED
    for typ in ("dpop+jwt", "secevent+jwt", "logout+jwt", "application/secevent+jwt", "kb+jwt", "JOSE+JSON", "JWE",
                "entity-statement+jwt", "token-introspection+jwt", "oauth-authz-req+jwt", "wrong", "", 7, None, ["JWT"]):
        yield f"typ {typ!r}", corp.token(header={"typ": typ}), MALFORMED, CLAIMS
    yield "cty JWT", corp.token(header={"cty": "JWT"}, payload=b64(b"x")), MALFORMED
    yield "zip", corp.token(header={"zip": "DEF"}, payload=b"\xab\x56\x2a\x2e\x4d\x52\xb2\x52\x02\x00"), MALFORMED
    jwe = {"alg": "RSA-OAEP", "enc": "A128GCM", "kid": "enc"}
    yield "a JWE", ".".join([b64(text_of(jwe)), b64(b"k" * 256), b64(b"i" * 12), b64(b"text"), b64(b"t" * 16)]), MALFORMED, ALGORITHM
    yield "a JWE, dir", ".".join([b64(text_of(jwe | {"alg": "dir"})), "", b64(b"i" * 12), b64(b"text"), b64(b"t" * 16)]), MALFORMED, ALGORITHM
    yield "a nested token", corp.token(payload=corp.token()), MALFORMED
    deep = '{"alg":"RS256","kid":"rsa-1","x":' + '{"x":' * 1000 + "1" + "}" * 1001
    yield "depth 1000", corp.token(whole_header=deep), MALFORMED
    for name, text in (("a list", '["alg","RS256"]'), ("a text", '"RS256"'), ("null", "null"), ("empty", ""), ("{}", "{}"),
                       ("text behind it", '{"alg":"RS256","kid":"rsa-1"}x'), ("a BOM before it", '\ufeff{"alg":"RS256","kid":"rsa-1"}'),
                       ("not UTF-8", b'{"alg":"RS256","kid":"rsa-1","x":"\xff"}')):
        yield f"header: {name}", corp.token(whole_header=text), MALFORMED, ALGORITHM


def curves(world, _):
    corp, key = world.corp, world.p256
    pairs = {"zeros": (0, 0), "r 0": (0, 1), "s 0": (1, 0), "ones": (1, 1), "the order": (P256_ORDER, P256_ORDER),
             "r the order": (P256_ORDER, 1), "all bits": (2**256 - 1, 2**256 - 1)}
    for name, (r, s) in pairs.items():
        yield name, corp.token(key=key, sign=lambda _, r=r, s=s: key.raw(r, s)), SIGNATURE
    yield "zeros, P-384", corp.token(key=world.p384, sign=lambda _: b"\0" * 96), SIGNATURE

    def wrapped(data):  # r + n, where it still fits: the same residue
        while True:
            r, s = key.ecdsa(data)
            if s + P256_ORDER < 2**256:
                return key.raw(r, s + P256_ORDER)
            # One s in 2^32 is that small: say the next best thing, an s above the order.
            return key.raw(r, 2**256 - 1 - s % 1000)

    yield "s above the order", corp.token(key=key, sign=wrapped), SIGNATURE
    der = lambda data: key.private.sign(data, _ecdsa())
    yield "DER", corp.token(key=key, sign=der), SIGNATURE, MALFORMED
    raw = lambda data: key.sign("ES256", data)
    forms = {"63 bytes": lambda d: raw(d)[:63], "65 bytes": lambda d: raw(d) + b"\0", "a zero before": lambda d: b"\0" + raw(d),
             "128 bytes": lambda d: raw(d) * 2, "each half led by zeros": lambda d: b"\0" * 16 + raw(d)[:32] + b"\0" * 16 + raw(d)[32:],
             "halves changed about": lambda d: raw(d)[32:] + raw(d)[:32], "nothing": nothing}
    for name, form in forms.items():
        yield name, corp.token(key=key, sign=form), SIGNATURE, MALFORMED
    mixed = (SIGNATURE, ALGORITHM, KEY)
    yield "ES256 with a P-384 key", corp.token(key=world.p384, alg="ES256"), *mixed
    yield "ES384 with a P-256 key", corp.token(key=key, alg="ES384"), *mixed
    yield "ES256 by P-384 under the P-256 key's name", corp.token(key=world.p384, header={"alg": "ES256", "kid": "ec-256"}), *mixed
    yield "ES256 under an RSA key's name", corp.token(key=key, header={"kid": "rsa-1"}), *mixed
    yield "RS256 under a curve's name", corp.token(header={"kid": "ec-256"}), *mixed
    yield "EdDSA under an RSA key's name", corp.token(key=world.ed, header={"kid": "rsa-1"}), *mixed
    yield "RS256 under the Ed25519 key's name", corp.token(header={"kid": "ed"}), *mixed
    yield "EdDSA of zeros", corp.token(key=world.ed, sign=lambda _: b"\0" * 64), SIGNATURE
    small = bytes.fromhex("01" + "00" * 31) + b"\0" * 32  # R the neutral element, S 0
    yield "EdDSA with a point of small order", corp.token(key=world.ed, sign=lambda _: small), SIGNATURE
    order = 2**252 + 27742317777372353535851937790883648493

    def malleable(data):  # RFC 8032, section 5.1.7: S below the order
        signature = world.ed.sign("EdDSA", data)
        return signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")

    yield "EdDSA, S above the order", corp.token(key=world.ed, sign=malleable), SIGNATURE
    yield "EdDSA, 63 bytes", corp.token(key=world.ed, sign=lambda d: world.ed.sign("EdDSA", d)[:63]), SIGNATURE, MALFORMED


def _ecdsa():
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    return ec.ECDSA(hashes.SHA256())


def signatures(world, _):
    corp, key = world.corp, world.rsa
    good = lambda data: key.sign("RS256", data)
    forms = {"none": nothing, "of zeros": lambda _: b"\0" * 256, "of ones": lambda _: b"\xff" * 256, "the number 1": lambda _: b"\0" * 255 + b"\1",
             "cut by a byte": lambda d: good(d)[:-1], "cut at its head": lambda d: good(d)[1:], "longer by a byte": lambda d: good(d) + b"\0",
             "led by a zero": lambda d: b"\0" + good(d), "twice": lambda d: good(d) * 2,
             "with one bit changed": lambda d: good(d)[:-1] + bytes([good(d)[-1] ^ 1]), "backwards": lambda d: good(d)[::-1]}
    for name, form in forms.items():
        yield name, corp.token(sign=form), SIGNATURE, MALFORMED
    first, second = corp.token(), corp.token(claims={"sub": "dana"})
    yield "of another token", second.rpartition(".")[0] + "." + first.rpartition(".")[2], SIGNATURE
    yield "of another header", ".".join([corp.token(header={"typ": "at+jwt"}).split(".")[0], *first.split(".")[1:]]), SIGNATURE
    yield "by PS256 under RS256", corp.token(sign=lambda d: key.sign("PS256", d)), SIGNATURE
    yield "by RS256 under PS256", corp.token(alg="PS256", sign=good), SIGNATURE
    yield "by RS512 under RS256", corp.token(sign=lambda d: key.sign("RS512", d)), SIGNATURE
    yield "by RS256 under RS512", corp.token(alg="RS512", sign=good), SIGNATURE
    yield "by RS256 with a key for PS256", corp.token(key=world.pss, alg="RS256"), ALGORITHM, SIGNATURE, KEY
    yield "by another key of the set", corp.token(sign=lambda d: world.rsa2.sign("RS256", d)), SIGNATURE
    yield "by another key and algorithm of the set", corp.token(sign=lambda d: world.p256.sign("ES256", d)), SIGNATURE, MALFORMED
    yield "by another issuer's key of the same name", corp.token(sign=lambda d: world.other.keys[0].sign("RS256", d)), SIGNATURE
    yield "by this issuer's key for another issuer", world.other.token(sign=good), SIGNATURE
    yield "PSS with no salt", corp.token(alg="PS256", sign=lambda d: _pss(key, d, 0)), SIGNATURE
    yield "PSS with the longest salt", corp.token(alg="PS256", sign=lambda d: _pss(key, d, 222)), SIGNATURE
    modulus = key.public.public_numbers().n

    def above(data):  # the same residue, a number above the modulus
        value = int.from_bytes(good(data), "big") + modulus
        return value.to_bytes((value.bit_length() + 7) // 8, "big")

    yield "above the modulus", corp.token(sign=above), SIGNATURE, MALFORMED
    for _ in range(3000):  # a signature that begins with a zero byte, without it
        token = corp.token()
        signature = unb64(token.rpartition(".")[2])
        if signature[0] == 0:
            yield "less its leading zero", token.rpartition(".")[0] + "." + b64(signature[1:]), SIGNATURE, MALFORMED
            break
    yield "a forged cube (RSA, e = 3)", corp.token(key=world.cubic, sign=_cube), SIGNATURE, KEY, ALGORITHM


def _pss(key, data, salt):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    return key.private.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())


def _cube(data):
    """What Bleichenbacher told in 2006: right at its head, anything behind; no private key is needed."""
    import hashlib
    head = b"\0\1" + b"\xff" * 8 + b"\0" + SHA256_INFO + hashlib.sha256(data).digest()
    low, high = 0, 1 << 700
    wanted = int.from_bytes(head + b"\0" * (256 - len(head)), "big")
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < wanted else (low, middle)
    assert (low**3).to_bytes(256, "big").startswith(head)
    return low.to_bytes(256, "big")


def unfit_keys(world, _):
    """Keys that are published, and not for this."""
    for key, what in ((world.enc, "use enc"), (world.weak, "RSA of 1024 bits"), (world.ops, "key_ops encrypt"),
                      (world.unfit_alg, "alg RSA-OAEP")):
        yield what, world.corp.token(key=key, alg="RS256"), KEY, ALGORITHM
    yield "a curve of the set under ES256", world.corp.token(key=world.p521, alg="ES256"), KEY, ALGORITHM, SIGNATURE


def doubles(world, _):
    """What one reader takes first and another last."""
    corp = world.corp
    heads = {"alg, none last": '"alg":"RS256","kid":"rsa-1","alg":"none"', "alg, none first": '"alg":"none","kid":"rsa-1","alg":"RS256"',
             "kid": '"alg":"RS256","kid":"rsa-2","kid":"rsa-1"', "kid twice the same": '"alg":"RS256","kid":"rsa-1","kid":"rsa-1"',
             "alg, once escaped": '"alg":"RS256","kid":"rsa-1","\\u0061lg":"none"', "typ": '"alg":"RS256","kid":"rsa-1","typ":"JWT","typ":"x"'}
    for name, text in heads.items():
        yield f"header, {name}", corp.token(whole_header="{" + text + "}"), MALFORMED
    whole = json.dumps(corp.claims())[:-1]
    for claim, value in (("sub", '"root"'), ("sub", '"agent-7"'), ("aud", '"sallyport"'), ("iss", f'"{CORP}"'), ("iss", '"https://evil.test"'),
                         ("exp", "9999999999"), ("groups", '["dba"]'), ("nbf", "0")):
        yield f"{claim} {value}", corp.token(payload=f'{whole},"{claim}":{value}}}'), MALFORMED
    yield "sub, once escaped", corp.token(payload=whole + ',"s\\u0075b":"root"}'), MALFORMED
    yield "inside a claim", corp.token(payload=whole + ',"realm_access":{"roles":[],"roles":["dba"]}}'), MALFORMED
    yield "of an empty name", corp.token(payload=whole + ',"":1,"":2}'), MALFORMED
    yield "a NUL behind the name", corp.token(payload=whole + ',"sub\\u0000":"root","sub":"root"}'), MALFORMED


def texts(world, _):
    """Payloads that are no JSON object, or that readers do not agree on."""
    corp = world.corp
    good = json.dumps(corp.claims())
    member = good[:-1] + ',"x":'
    odd = {"nothing": "", "a space": " ", "null": "null", "a number": "7", "a text": '"sub"', "a list": f"[{good}]", "two objects": good + good,
           "text behind": good + "x", "a NUL behind": good + "\0", "a comma behind": good + ",", "cut": good[:-1], "a trailing comma": good[:-1] + ",}",
           "a comment": good[:-1] + "/* */}", "single quotes": good.replace('"', "'"), "NaN": member + "NaN}", "Infinity": member + "-Infinity}",
           "hex": member + "0x10}", "a leading zero": member + "01}", "a plus": member + "+1}", "a bare point": member + "1.}",
           "a raw newline in a text": member + '"a\nb"}', "a raw NUL in a text": member + '"a\0b"}', "a bad escape": member + '"\\x41"}',
           "half a surrogate": member + '"\\ud800"}', "halves changed about": member + '"\\udc00\\ud800"}', "a cut escape": member + '"\\u00"}',
           "depth 1000": member + "[" * 1000 + "]" * 1000 + "}", "objects to depth 1000": member + '{"x":' * 1000 + "1" + "}" * 1001,
           "unclosed depth": member + "[" * 3000, "UTF-16": good.encode("utf-16"), "UTF-16 less its mark": good.encode("utf-16-le"),
           "UTF-32": good.encode("utf-32"), "a BOM": b"\xef\xbb\xbf" + good.encode(), "not UTF-8": good[:-2].encode() + b'\xff"]}',
           "an overlong slash": member.encode() + b'"\xc0\xaf"}', "a surrogate in UTF-8": member.encode() + b'"\xed\xa0\x80"}',
           "beyond Unicode": member.encode() + b'"\xf4\x90\x80\x80"}', "a cut sequence": member.encode() + b'"\xe2\x82"}', "a form feed": good + "\f",
           "a no-break space": good + "\u00a0", "True": member + "True}", "no quotes": member + "y}", "a vertical tab": "\v" + good}
    for name, text in odd.items():
        yield name, corp.token(payload=text), MALFORMED


def issuers(world, _):
    corp = world.corp
    other_names = [CORP + "/", CORP.upper(), CORP.replace("idp", "IDP"), CORP.replace("https", "http"), CORP.replace("idp.test", "idp.test:443"),
                   CORP.replace("idp.test", "x.idp.test"), CORP.replace("idp.test", "idp.test.evil.example"), CORP.replace("https://", "https://idp.test@evil.example/"),
                   CORP.replace("//", "//user@"), CORP + "?", CORP + "#", CORP + "/../corp", CORP.replace("realms", "%72ealms"), " " + CORP, CORP + " ",
                   CORP + "\n", CORP + "\0", CORP[:-1], CORP[1:], "", "corp", "*", CORP.replace("test", "te\u0455t"), "https://idp.test/realms//corp"]
    for name in other_names:
        yield repr(name), corp.token(claims={"iss": name}), ISSUER, MALFORMED
    for name, value in (("absent", GONE), ("null", None), ("a number", 7), ("a list", [CORP]), ("an object", {"iss": CORP}), ("two", [OTHER, CORP]),
                        ("true", True)):
        yield name, corp.token(claims={"iss": value}), ISSUER, CLAIMS, MALFORMED


def audiences(world, _):
    for name, value in (("another", "billing"), ("a part", "sally"), ("a longer one", "sallyport2"), ("in capitals", "SALLYPORT"), ("a space behind", "sallyport "),
                        ("a newline behind", "sallyport\n"), ("a NUL behind", "sallyport\0"), ("two in one text", "billing sallyport"), ("by comma", "billing,sallyport"),
                        ("others in a list", ["billing", "https://sallyport.example"]), ("a list of a part", ["sally"]), ("a URL", "https://gateway.test/sallyport"),
                        ("the client", "agent-7"), ("empty", ""), ("a list of an empty one", [""]), ("a star", "*")):
        yield name, world.corp.token(claims={"aud": value}), AUDIENCE
    for name, value in (("absent", GONE), ("null", None), ("an empty list", []), ("a number", 7), ("true", True), ("an object", {"sallyport": True}),
                        ("a nested list", [["sallyport"]]), ("a list of null", [None])):
        yield name, world.corp.token(claims={"aud": value}), AUDIENCE, CLAIMS
    # One that is right beside one that is no name at all.
    yield "a list with a number", world.corp.token(claims={"aud": [7, "sallyport"]}), AUDIENCE, CLAIMS


def times(world, _):
    corp, now = world.corp, int(time.time())
    expired, early, ahead = "token-expired", "token-not-yet-valid", "token-issued-in-future"
    raw = lambda name, text: corp.token(payload=json.dumps(corp.claims(**{name: GONE}))[:-1] + f',"{name}":{text}}}')
    for name, value in (("past", now - 600), ("long past", 1), ("0", 0), ("negative", -1), ("a long negative", -(2**62)), ("past, a fraction", now - 600.5)):
        yield f"exp {name}", corp.token(claims={"exp": value}), expired, CLAIMS
    for name, value in (("absent", GONE), ("null", None), ("a text", str(now + 600)), ("a date", "2099-01-01T00:00:00Z"), ("true", True), ("a list", [now + 600]),
                        ("an object", {}), ("an empty text", "")):
        yield f"exp {name}", corp.token(claims={"exp": value}), CLAIMS
    for text in ("1e400", "1e309", "-1e400", "99999999999999999999", "1e19", "18446744073709551616", "9223372036854775808", "1" * 400):
        yield f"exp {text[:30]}", raw("exp", text), CLAIMS, MALFORMED, expired
    yield "exp NaN in quotes", raw("exp", '"NaN"'), CLAIMS
    # As ever more wraps: 2^64 + now, 2^32 + a past moment.
    yield "exp 2^64 and now", raw("exp", str(2**64 + now + 600)), CLAIMS, MALFORMED
    yield "nbf ahead", corp.token(claims={"nbf": now + 900, "exp": now + 1800}), early
    yield "nbf far ahead", raw("nbf", "99999999999"), early, CLAIMS
    yield "nbf 1e400", raw("nbf", "1e400"), early, CLAIMS, MALFORMED
    yield "iat ahead", corp.token(claims={"iat": now + 900, "exp": now + 1800}), ahead
    yield "iat 1e400", raw("iat", "1e400"), ahead, CLAIMS, MALFORMED
    for claim in ("nbf", "iat"):
        for name, value in (("a text", "0"), ("true", True), ("a list", [0]), ("null", None)):
            yield f"{claim} {name}", corp.token(claims={claim: value}), CLAIMS


def subjects(world, _):
    for name, value in (("absent", GONE), ("null", None), ("empty", ""), ("a number", 7), ("true", True), ("a list", ["agent-7"]), ("an object", {"sub": "agent-7"}),
                        ("a newline", "agent-7\nroot"), ("a carriage return", "agent-7\r"), ("a NUL", "agent-7\0root"), ("a tab", "agent\t7"), ("an escape", "\x1b[2Jagent"),
                        ("DEL", "agent\x7f"), ("a C1 control", "agent\x9b2J"), ("of 256 characters", "a" * 256), ("of 4000 characters", "a" * 4000)):
        yield name, world.corp.token(claims={"sub": value}), CLAIMS


def actors(world, _):
    """RFC 8693, section 4.1: `act` is an object that says who acts."""
    for name, value in (("a text", "agent-8"), ("null", None), ("a list", [{"sub": "agent-8"}]), ("no sub", {"client_id": "agent-8"}),
                        ("an empty sub", {"sub": ""}), ("a sub that is a number", {"sub": 8}), ("a newline", {"sub": "agent\n8"}),
                        ("an escape", {"sub": "\x1b[1A"}), ("nothing", {})):
        yield name, world.corp.token(claims={"act": value}), CLAIMS


def groups(world, _):
    for name, value in (("a number", 7), ("true", True), ("an object", {"agents": True}), ("a list of numbers", [1]), ("a nested list", [["agents"]]),
                        ("a list with null", ["agents", None]), ("a newline in one", ["agents", "x\ny"]), ("a NUL in one", ["agents\0"]), ("an empty one", ["agents", ""]),
                        ("one of 4000 characters", ["agents", "g" * 4000]), ("a space behind one", ["agents "])):
        yield name, world.corp.token(claims={"groups": value}), CLAIMS
    yield "257 of them", world.corp.token(claims={"groups": ["agents"] + [f"g{i}" for i in range(256)]}), CLAIMS
    yield "1500 of them", world.corp.token(claims={"groups": [f"g{i}" for i in range(1500)]}), CLAIMS, TOO_LARGE
    for name, value in (("absent", GONE), ("none", []), ("others", ["Agents", "agent", "agents-2"])):
        yield name, world.corp.token(claims={"groups": value}), "target-not-allowed"
    overage = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.microsoft.com/v1.0/users/x/getMemberObjects"}}}
    yield "of Entra, too many for a token", world.entra.token(claims=overage), "token-groups-overage"
    yield "of Entra, too many for a token of the implicit flow", world.entra.token(claims={"hasgroups": True}), "token-groups-overage"


def parties(world, _):
    for name, claims in (("another azp", {"azp": "agent-8"}), ("another client_id", {"client_id": "agent-8"}), ("neither", {}), ("a part", {"azp": "agent"}),
                         ("capitals", {"azp": "AGENT-7"}), ("empty", {"azp": ""})):
        yield name, world.parties.token(claims=claims), PARTY
    for name, claims in (("a list", {"azp": ["agent-7"]}), ("a number", {"azp": 7}), ("null", {"azp": None})):
        yield name, world.parties.token(claims=claims), PARTY, CLAIMS
    yield "azp another, client_id the right one", world.parties.token(claims={"azp": "agent-8", "client_id": "agent-7"}), PARTY


def encodings(world, _):
    """The same token in forms that a lenient reader would take."""
    corp = world.corp
    good = corp.token()
    head, body, signature = good.split(".")
    padded = lambda part: part + "=" * (-len(part) % 4 or 4)
    standard = lambda data: base64.b64encode(data).rstrip(b"=").decode()
    forms = {"a space before": " " + good, "a space behind": good + " ", "a newline behind": good + "\n", "a carriage return behind": good + "\r\n",
             "a tab inside": f"{head}.{body[:9]}\t{body[9:]}.{signature}", "a newline inside": f"{head}.{body[:64]}\n{body[64:]}.{signature}",
             "a space inside the signature": f"{head}.{body}.{signature[:9]} {signature[9:]}", "spaces about the dots": f"{head} . {body} . {signature}",
             "padded header": f"{padded(head)}.{body}.{signature}", "padded signature": f"{head}.{body}.{padded(signature)}", "padded": ".".join(map(padded, good.split("."))),
             "Bearer": "Bearer " + good, "quotes": f'"{good}"', "4 parts": good + ".", "a dot before": "." + good, "4 parts, the last the signature": f"{head}.{body}..{signature}",
             "5 parts": good + ".a.b", "2 parts": f"{head}.{body}", "1 part": head, "empty parts": "..", "no header": f".{body}.{signature}",
             "no payload": f"{head}..{signature}", "dots encoded": good.replace(".", "%2E"), "wide dots": good.replace(".", "\uff0e"), "commas": good.replace(".", ","),
             "twice": good + good, "two with a comma": good + "," + good, "a length that nothing has": f"{head}.{body}.{signature[:-1]}" if len(signature) % 4 == 2 else f"{head}.{body}.{signature}AAA",
             "a high byte": good.encode() + b"\xff", "a DEL": good + "\x7f", "a percent": good[:-1] + "%",
             "JSON": json.dumps({"payload": body, "protected": head, "signature": signature}),
             "general JSON": json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]})}
    for name, token in forms.items():
        yield name, token, MALFORMED
    # Signed over the very text that is sent, so that only the alphabet is wrong.
    for name, encode in (("+ and /", standard), ("padded, signed so", lambda data: base64.urlsafe_b64encode(data).decode() + ("" if len(data) % 3 else "===="))):
        yield name, corp.token(claims={"x": "\u00fe\u00ff?>~" * 6 + "\U0010ffff\U0010fffe" * 3}, encode=encode), MALFORMED
    for place in ("header", "payload", "signature"):
        yield f"stray bits at the end of the {place}", _stray(corp, place), MALFORMED
    yield "plain JSON for a payload", compact(b64(text_of(corp.header())), corp.claims(), lambda data: world.rsa.sign("RS256", data), lambda part: part.decode()), MALFORMED


def _stray(issuer, place):
    """A token that is right but for bits that stand in no byte (RFC 4648, section 3.5); signed as it is sent."""
    for i in range(9):
        header, claims = text_of(issuer.header(x="y" * i)), text_of(issuer.claims(x="y" * i))
        parts = [b64(header), b64(claims)]
        at = {"header": 0, "payload": 1}.get(place)
        if at is not None:
            if len(parts[at]) % 4 == 0:
                continue
            parts[at] = _other_end(parts[at])
        signature = b64(issuer.keys[0].sign("RS256", ".".join(parts).encode()))
        return ".".join([*parts, signature if at is not None else _other_end(signature)])
    raise AssertionError("no length left bits over")


def _other_end(part):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = part[:-1] + letters[letters.index(part[-1]) + 1]
    assert unb64(other) == unb64(part)
    return other


def sizes(world, _):
    corp = world.corp
    yield "a byte more than 16 KiB", sized(corp, 16 * 1024 + 1), TOO_LARGE
    yield "64 KiB", corp.token(claims={"ballast": "x" * 49000}), TOO_LARGE
    yield "64 KiB of a header", corp.token(header={"ballast": "x" * 49000}), TOO_LARGE
    yield "64 KiB of a signature", corp.token(sign=lambda _: b"x" * 49000), TOO_LARGE
    yield "100 KiB of dots", "." * 100_000, TOO_LARGE, MALFORMED
    yield "100 KiB that are no token", "A" * 100_000, TOO_LARGE, MALFORMED
    yield "64 KiB of members", corp.token(claims={f"c{i}": i for i in range(3500)}), TOO_LARGE


def sized(issuer, size):
    """A good token of so many bytes."""
    for spaces in range(4):
        header = json.dumps(issuer.header()) + " " * spaces
        rest = size - len(b64(text_of(header))) - len(b64(b"s" * 256)) - 2
        for count in range(rest * 3 // 4 - 2, rest * 3 // 4 + 3):
            claims = json.dumps(issuer.claims())
            payload = claims + " " * (count - len(claims))
            if len(b64(text_of(payload))) == rest:
                token = issuer.token(whole_header=header, payload=payload)
                assert len(token) == size
                return token
    raise AssertionError("no token has that size")


def accepted(world):
    """(name, token) that must be let in, or the tables above prove nothing."""
    corp, now = world.corp, int(time.time())
    for alg in ("RS256", "RS384", "RS512", "PS256"):
        yield alg, corp.token(alg=alg)
    yield "PS256 with a key for it", corp.token(key=world.pss, alg="PS256")
    for key in (world.rsa2, world.p256, world.p384, world.ed):
        yield f"key {key.kid}", corp.token(key=key)
    yield "another issuer's key of the same name", world.other.token()
    yield "aud in a list", corp.token(claims={"aud": ["billing", "sallyport"]})
    yield "aud alone in a list", corp.token(claims={"aud": ["sallyport"]})
    yield "exp a moment ago", corp.token(claims={"exp": now - 3})
    yield "nbf and iat in a moment", corp.token(claims={"nbf": now + 3, "iat": now + 3})
    yield "times with a fraction", corp.token(claims={"exp": now + 600.5, "iat": now - 1.25, "nbf": now - 1.25})
    yield "no nbf, no jti", corp.token(claims={"nbf": GONE, "jti": GONE})
    yield "no kid, one key fits", corp.token(key=world.p256, header={"kid": GONE})
    yield "claims nobody knows", corp.token(claims={"x": {"y": [1, 2.5, None, True, {"z": "\u00e4\U0001f511"}]}, "https://example.com/y": "\u0000", "": 1})
    for typ in ("at+jwt", "application/at+jwt", "JWT", "jwt", "AT+JWT", GONE):
        yield f"typ {'absent' if typ is GONE else typ}", corp.token(header={"typ": typ})
    yield "a header that says more", corp.token(header={"x5t": b64(b"x" * 20), "x5t#S256": b64(b"x" * 32)})
    yield "JSON with much white space", corp.token(payload=json.dumps(corp.claims(), indent=4), whole_header=json.dumps(corp.header(), indent=1))
    yield "names and values escaped", corp.token(payload=json.dumps(corp.claims(sub=GONE))[:-1] + ',"\\u0073ub":"\\u0061gent-7"}')
    yield "a subject beyond ASCII", corp.token(claims={"sub": "J\u00fcrgen"})
    yield "a subject of a CI job", corp.token(claims={"sub": "repo:acme/shop:ref:refs/heads/main"})
    yield "one group, no list", corp.token(claims={"groups": "agents"})
    yield "100 groups", corp.token(claims={"groups": ["agents"] + [f"team-{i}" for i in range(100)]})
    yield "256 groups", corp.token(claims={"groups": ["agents"] + [f"g{i}" for i in range(255)]})
    yield "a subject of 255 characters", corp.token(claims={"sub": "a" * 255})
    yield "16 KiB to the byte", sized(corp, 16 * 1024)
    yield "another audience of the config", world.other.token(claims={"aud": "https://gateway.test"})
    yield "somebody who acts for another, who acts for a third", corp.token(claims={"act": {"sub": "agent-8", "act": {"sub": "agent-9"}}})
    yield "its party as azp", world.parties.token(claims={"azp": "agent-7"})
    yield "its party as client_id", world.parties.token(claims={"client_id": "agent-7"})


def on_the_wire(world):
    """(name, bytes, reasons) that no environment variable can hold; no reasons: an error of the protocol will do."""
    good = world.corp.token().encode()
    yield "a NUL behind", good + b"\0", [MALFORMED]
    yield "a NUL inside", good[:40] + b"\0" + good[40:], [MALFORMED]
    yield "a NUL before", b"\0" + good, [MALFORMED]
    yield "1 MiB", world.corp.token(claims={"ballast": "x" * 780_000}).encode(), [TOO_LARGE]
    yield "empty", b"", []


if __name__ == "__main__":  # how many there are, and that each is what it says as far as this side can tell
    made = World()
    cases = list(hostile(made, "http://127.0.0.1:9"))
    assert len({case.name for case in cases}) == len(cases)
    for name, token in accepted(made):
        head = json.loads(unb64(token.split(".")[0]))
        keys = [key for issuer in (made.corp, made.other) for key in issuer.keys if head.get("kid", "ec-256") == key.kid]
        errors = []
        for key in keys:
            try:
                key.verify(token)
                break
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)
        else:
            raise AssertionError((name, errors))
    print(len(cases), "hostile,", len(list(accepted(made))), "good")
    assert number(0) == "AA"
