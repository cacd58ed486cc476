#!/usr/bin/env python3
"""Makes vectors for each detector from the published rules, with check sums written here a second time.

Writes lines to the file that is named by the first argument: "[detector]", then "+ text" with what must be
found between « and », or "- text" in which nothing may be found. A line break inside a text is written ⏎.
The seed is fixed, so that the same vectors come out each time.
"""
import base64
import json
import random
import string
import sys
import zlib

R = random.Random(20240607)
DIGITS, UPPER, LOWER = string.digits, string.ascii_uppercase, string.ascii_lowercase
ALNUM, HEX = string.ascii_letters + DIGITS, "0123456789abcdef"
URL64 = ALNUM + "-_"
PLAIN = ["«{}»", "id=«{}»", '{{"v":"«{}»"}}', "see «{}» now", "(«{}»)", "«{}», and more", ";«{}»;", "'«{}»'",
         "a\t«{}»\tb", "first⏎«{}»⏎last", "[«{}»]", "x,«{}»,y", "<v>«{}»</v>", "is it «{}»?", "v: «{}»"]
COUNT = 24


def chars(alphabet, size):
    """Random ones; long ones hold digits and letters both where the alphabet has them."""
    def mixed(text):
        return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    while True:
        text = "".join(R.choice(alphabet) for _ in range(size))
        if size < 12 or not mixed(alphabet) or mixed(text):
            return text


def digits(size):
    return chars(DIGITS, size)


def another(text, at=-1):
    """The same with another digit or letter at one place."""
    at %= len(text)
    alphabet = DIGITS if text[at].isdigit() else UPPER if text[at].isupper() else LOWER
    return text[:at] + R.choice([c for c in alphabet if c != text[at]]) + text[at + 1:]


def date(first=1930, last=2009):
    return R.randint(first, last), R.randint(1, 12), R.randint(1, 28)


# Check sums, each as its own standard tells it.
def luhn(body):
    total = sum(sum(divmod(int(c) * 2, 10)) if i % 2 == 0 else int(c) for i, c in enumerate(reversed(body)))
    return str(-total % 10)


def d5(a, b):  # the dihedral group of order 10
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def verhoeff(body):
    step = {0: 1, 1: 5, 2: 7, 3: 6, 4: 2, 5: 8, 6: 3, 7: 0, 8: 9, 9: 4}

    def permuted(digit, times):
        for _ in range(times):
            digit = step[digit]
        return digit
    for check in range(10):
        value = 0
        for i, c in enumerate(reversed(body + str(check))):
            value = d5(value, permuted(int(c), i % 8))
        if value == 0:
            return str(check)


def mod11(body, weights, ten=None):
    rest = sum(int(c) * w for c, w in zip(body, weights)) % 11
    check = 0 if rest == 0 else 11 - rest
    return ten if check == 10 else str(check)


def crc_token(prefix):
    body = chars(ALNUM, 30)
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        check = (DIGITS + UPPER + LOWER)[rest] + check
    return prefix + body + check


def bech32(prefix, values):
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

    def polymod(data):
        check = 1
        for value in data:
            top, check = check >> 25, (check & 0x1ffffff) << 5 ^ value
            for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
                check ^= g if top >> i & 1 else 0
        return check
    head = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    sums = polymod(head + values + [0] * 6) ^ 1
    return prefix + "1" + "".join(alphabet[v] for v in values + [sums >> 5 * (5 - i) & 31 for i in range(6)])


SETS = {}


class Set:
    def __init__(self, name):
        self.lines = SETS.setdefault(name, [])

    def hits(self, make, frames=PLAIN, count=COUNT):
        for i in range(count):
            self.lines.append("+ " + frames[i % len(frames)].format(make()))
        return self

    def misses(self, *makes, frames=PLAIN, count=COUNT):
        for i in range(count):
            text = frames[i % len(frames)].replace("«", "").replace("»", "").format(makes[i % len(makes)]())
            self.lines.append("- " + text)
        return self


def words(*texts):
    """Frames in which a word stands near the value."""
    out = []
    for text in texts:
        out += [text + ": «{}»", text + "=«{}»", '{{"' + text + '": "«{}»"}}', "the " + text + " is «{}».",
                "«{}» (" + text + ")", text + "\t«{}»"]
    return out


def number(name, make, good_frames, shapes=(), near=(), bad_frames=None):
    """A national number: hits in frames; near-misses by check digit, length, embedding, and the lack of a word."""
    frames = bad_frames or good_frames
    made = Set(name).hits(make, good_frames)
    made.misses(lambda: another(make()), lambda: make()[:-1], lambda: make() + R.choice(DIGITS),
                lambda: R.choice(LOWER) + make(), lambda: make() + R.choice("XYZ") + "9",
                lambda: R.choice("123456789") + make(), frames=frames)
    if not bad_frames and good_frames is not PLAIN:  # no word near
        made.misses(make, frames=["{}", "order {}", "n={}", "x,{},y"], count=12)
    for shape in shapes:
        made.hits(lambda: shape(make()), PLAIN)
        made.misses(lambda: shape(another(make())), frames=PLAIN, count=8)
    for other in near:
        made.misses(other, frames=frames, count=12)


def cut(*sizes, gap="-"):
    def shape(text):
        out, at = [], 0
        for size in sizes:
            out.append(text[at:at + size])
            at += size
        return gap.join(out)
    return shape


def group(pattern):
    """"3.3.3-2" as a function."""
    def shape(text):
        out, at = "", 0
        for c in pattern:
            if c.isdigit():
                out, at = out + text[at:at + int(c)], at + int(c)
            else:
                out += c
        return out
    return shape


# Personal data.
def itin():
    return "9" + digits(2) + f"{R.choice([*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)]):02}" + digits(4)


def no_itin():
    return "9" + digits(2) + f"{R.choice([*range(0, 50), 66, 67, 68, 69, 89, 93]):02}" + digits(4)


def nhs():
    while True:
        body = R.choice("123456789") + digits(8)
        check = mod11(body, range(10, 1, -1))
        if check:
            return body + check


def german():
    while True:
        order = R.sample(DIGITS, 9)
        order.insert(R.randint(0, 9), R.choice(order))
        body = "".join(order)
        if body[0] == "0" or any(body.count(c) == 3 for c in DIGITS):
            continue
        product = 10
        for c in body:
            product = (((int(c) + product) % 10 or 10) * 2) % 11
        return body + str((11 - product) % 10)


def nir():
    year, month, _ = date()
    body = f"{R.choice('12')}{year % 100:02}{month:02}{R.randint(1, 95):02}{R.randint(1, 990):03}{R.randint(1, 999):03}"
    return body + f"{97 - int(body) % 97:02}"


def bsn():
    while True:
        text = digits(9)
        if (sum(int(c) * w for c, w in zip(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)))) % 11 == 0 and len(set(text)) > 3:
            return text


def pesel():
    year, month, day = date(1900, 2049)
    body = f"{year % 100:02}{month + (20 if year >= 2000 else 0):02}{day:02}{digits(4)}"
    return body + str(-sum(int(c) * w for c, w in zip(body, (1, 3, 7, 9) * 3)) % 10)


def personnummer():
    year, month, day = date()
    body = f"{year % 100:02}{month:02}{day:02}{digits(3)}"
    return body + luhn(body)


def long_personnummer():
    year, month, day = date()
    body = f"{year % 100:02}{month:02}{day:02}{digits(3)}"
    return str(year)[:2] + body + luhn(body)


def fodselsnummer():
    while True:
        year, month, day = date()
        body = f"{day:02}{month:02}{year % 100:02}{digits(3)}"
        first = mod11(body, (3, 7, 6, 1, 8, 9, 4, 5, 2))
        second = first and mod11(body + first, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
        if second:
            return body + first + second


def belgian():
    year, month, day = date(1930, 2009)
    body = f"{year % 100:02}{month:02}{day:02}{R.randint(1, 997):03}"
    return body + f"{97 - int(('2' if year >= 2000 else '') + body) % 97:02}"


def ahv():
    body = "756" + digits(9)
    return body + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10)


def brazilian(size, lows):
    def make():
        body = digits(size)
        for low in lows:
            weights = low + [9, 8, 7, 6, 5, 4, 3, 2]
            body += mod11(body, weights[-len(body):] if size == 12 else range(len(body) + 1, 1, -1), "0")
        return body
    return make


cpf = brazilian(9, [[], []])
cnpj = brazilian(12, [[5, 4, 3, 2], [6, 5, 4, 3, 2]])


def aadhaar():
    body = R.choice("23456789") + digits(10)
    return body + verhoeff(body)


def sin():
    body = R.choice("1234567") + digits(7)
    return body + luhn(body)


def weighted(size, weights, modulus, first=DIGITS):
    def make():
        while True:
            text = R.choice(first) + digits(size - 1)
            if sum(int(c) * w for c, w in zip(text, weights)) % modulus == 0 and len(set(text)) > 3:
                return text
    return make


tfn = weighted(9, (1, 4, 3, 7, 5, 8, 6, 9, 10), 11)


def medicare():
    body = R.choice("23456") + digits(7)
    return body + str(sum(int(c) * w for c, w in zip(body, (1, 3, 7, 9) * 2)) % 10) + R.choice("123456789")


def south_african():
    year, month, day = date(1930, 2009)
    body = f"{year % 100:02}{month:02}{day:02}{digits(4)}{R.choice('01')}8"
    return body + luhn(body) if not 15 <= year % 100 < 20 else south_african()


def chinese():
    year, month, day = date()
    body = R.choice(["110105", "310104", "440304", "510107", "330106"]) + f"{year}{month:02}{day:02}{R.randint(1, 999):03}"
    weights = [pow(2, 17 - i, 11) for i in range(17)]
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights)) % 11]


def rrn():
    year, month, day = date(1930, 2015)
    body = f"{year % 100:02}{month:02}{day:02}{R.choice('12') if year < 2000 else R.choice('34')}{digits(5)}"
    return body + str((11 - sum(int(c) * w for c, w in zip(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))) % 11) % 10)


def my_number():
    body = R.choice("123456789") + digits(10)
    rest = sum(int(c) * (n + 1 if n <= 6 else n - 5) for n, c in enumerate(reversed(body), 1)) % 11
    return body + str(0 if rest <= 1 else 11 - rest)


def imei():
    body = R.choice(["35", "86", "01"]) + digits(12)
    return body + luhn(body)


number("us-itin", itin, words("ITIN", "itin", "taxpayer_id"), [group("3-2-4"), group("3 2 4")],
       bad_frames=["{}", "itins {}", "n={}"])
SETS["us-itin"] = [line for line in SETS["us-itin"] if not line.startswith("- ")]
Set("us-itin").misses(lambda: group("3-2-4")(no_itin()), lambda: group("3-2-4")("8" + itin()[1:]),
                      lambda: group("3-3-3")(itin()), lambda: group("3-2-4")(itin()) + "1",
                      lambda: "1" + group("3-2-4")(itin()), itin, lambda: group("3-2-4")(itin()) + "-77")
number("uk-nhs", nhs, words("NHS", "nhs_number", "nhsNumber"))
Set("uk-nhs").hits(lambda: group("3 3 4")(nhs()), words("NHS", "NHS no"))
number("de-tax-id", german, words("Steuer-ID", "steuerid", "IdNr", "tax_id"))
Set("de-tax-id").hits(lambda: group("2 3 3 3")(german()), words("IdNr."))
number("fr-nir", nir, PLAIN, [group("1 2 2 2 3 3 2")])
number("nl-bsn", bsn, words("BSN", "bsn", "burgerservicenummer"))
number("pl-pesel", pesel, words("PESEL", "pesel"))
number("se-personnummer", personnummer, words("personnummer", "personnr"), [group("6-4")])
Set("se-personnummer").hits(lambda: group("8-4")(long_personnummer()))
number("no-fodselsnummer", fodselsnummer, words("fødselsnummer", "fnr"), [group("6 5")])
number("be-national-number", belgian, words("rijksregisternummer", "NISS", "INSZ"), [group("2.2.2-3.2")])
number("ch-ahv", ahv, PLAIN, [group("3.4.4.2")])
number("br-cpf", cpf, words("CPF", "cpf"), [group("3.3.3-2")])
number("br-cnpj", cnpj, words("CNPJ", "cnpj"), [group("2.3.3/4-2")])
number("in-aadhaar", aadhaar, words("Aadhaar", "aadhaar_no", "UIDAI"))
Set("in-aadhaar").hits(lambda: group("4 4 4")(aadhaar()), words("Aadhaar"))
number("ca-sin", sin, words("SIN", "sin", "social insurance number"))
Set("ca-sin").hits(lambda: group("3-3-3")(sin()), words("SIN"))
number("au-tfn", tfn, words("TFN", "tax file number"))
Set("au-tfn").hits(lambda: group("3 3 3")(tfn()), words("TFN"))
number("au-medicare", medicare, words("Medicare", "medicare_number"),
       bad_frames=["medicare {}", "Medicare: {}", "medicare={}"])
# The last digit counts cards, so that another one is as good: the check stands before it.
SETS["au-medicare"] = [line for line in SETS["au-medicare"] if not line.startswith("- ")]
Set("au-medicare").misses(lambda: another(medicare(), -2), lambda: medicare()[:-1], lambda: medicare() + "3",
                          lambda: "1" + medicare(), lambda: "7" + medicare()[1:], lambda: medicare()[:-1] + "0",
                          frames=words("Medicare"))
Set("au-medicare").misses(medicare, frames=["{}", "order {}"], count=8)
number("za-id", south_african, PLAIN)
number("cn-id", chinese, PLAIN)
SETS["cn-id"] = [line for line in SETS["cn-id"] if not (line.startswith("- ") and "X" in line.upper())]
number("kr-rrn", rrn, words("RRN", "resident registration number", "주민등록번호"), [group("6-7")])
number("jp-my-number", my_number, words("My Number", "mynumber", "マイナンバー", "個人番号"))
number("imei", imei, words("IMEI", "imei"), [group("2-6-6-1")])


def dni():
    body = digits(8)
    return body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23]


def nie():
    head, body = R.choice("XYZ"), digits(7)
    return head + body + "TRWAGMYFPDXBNJZSQVHLCKE"[int("XYZ".index(head).__str__() + body) % 23]


Set("es-id").hits(dni).hits(nie).hits(lambda: group("8-1")(dni()), count=6).misses(
    lambda: another(dni()), lambda: another(nie()), lambda: another(dni(), 3), lambda: dni().lower(), lambda: dni()[:-1],
    lambda: dni() + "A", lambda: "A" + dni(), lambda: "1" + dni(), lambda: nie()[1:], lambda: "W" + nie()[1:],
    lambda: dni() + "1")


def nino(prefix=None):
    while True:
        text = prefix or R.choice("ABCEGHJKLMNOPRSTWXYZ") + R.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix or text not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"):
            return text + digits(6) + R.choice("ABCD")


Set("uk-nino").hits(nino).hits(lambda: group("2 2 2 2 1")(nino()), count=12).misses(
    lambda: nino(R.choice(["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"])), lambda: nino(R.choice("DFIQUV") + "A"),
    lambda: nino("A" + R.choice("DFIOQUV")), lambda: nino()[:-1] + R.choice("EFGHZ"), lambda: nino()[:-1],
    lambda: nino() + "1", lambda: "A" + nino(), lambda: nino().lower(), lambda: nino()[:4] + "-" + nino()[4:],
    lambda: "7" + nino())


def codice():
    consonants = "BCDFGLMNPRSTV"
    year, month, day = date()
    female = R.random() < 0.5
    body = (chars(consonants, 6) + f"{year % 100:02}" + "ABCDEHLMPRST"[month - 1] + f"{day + (40 if female else 0):02}"
            + R.choice("ABCDEFGHL") + digits(3))
    if R.random() < 0.2:  # omocodia
        body = body[:-1] + "LMNPQRSTUV"[int(body[-1])]
    odd = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)))
    odd |= dict(zip(UPPER, (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)))
    even = {c: int(c) if c.isdigit() else ord(c) - 65 for c in DIGITS + UPPER}
    total = sum((odd if i % 2 == 0 else even)[c] for i, c in enumerate(body))
    return body + UPPER[total % 26]


Set("it-codice-fiscale").hits(codice).misses(
    lambda: another(codice()), lambda: another(codice(), 0), lambda: codice()[:-1], lambda: codice() + "A",
    lambda: "A" + codice(), lambda: codice()[:8] + "Z" + codice()[9:], lambda: codice().lower(),
    lambda: codice()[:9] + "99" + codice()[11:], lambda: codice()[:6] + "-" + codice()[6:])


def curp():
    year, month, day = date(1930, 1999)
    body = chars("BCDGLMPRSV", 4) + f"{year % 100:02}{month:02}{day:02}" + R.choice("HM") + R.choice(
        ["DF", "JC", "NL", "PL", "VZ"]) + chars("BCDFGHJKL", 3) + "0"
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    return body + str(-sum(alphabet.index(c) * (18 - i) for i, c in enumerate(body)) % 10)


Set("mx-curp").hits(curp).misses(
    lambda: another(curp()), lambda: curp()[:11] + "9" + curp()[12:], lambda: curp()[:-1], lambda: curp() + "1", lambda: "A" + curp(),
    lambda: curp()[:10] + "K" + curp()[11:], lambda: curp()[:6] + "13" + curp()[8:], lambda: curp().lower())


def pan():
    return chars(UPPER, 3) + R.choice("PCHABGJLFT") + R.choice(UPPER) + digits(3) + R.choice("123456789") + R.choice(UPPER)


Set("in-pan").hits(pan).misses(
    lambda: pan()[:3] + R.choice("DEIKMNOQRSUVWXYZ") + pan()[4:], lambda: pan()[:-1], lambda: pan() + "A",
    lambda: "A" + pan(), lambda: pan().lower(), lambda: pan()[:-1] + "7", lambda: pan()[:4] + "1" + pan()[5:],
    lambda: pan()[:5] + "-" + pan()[5:])


def mrz_check(text):
    values = {c: i for i, c in enumerate(DIGITS + UPPER)} | {"<": 0}
    return str(sum(values[c] * (7, 3, 1)[i % 3] for i, c in enumerate(text)) % 10)


def mrz(kind="P", size=44, bad=None):
    names = ("ERIKSSON<<ANNA<MARIA", "DOE<<JOHN", "MUELLER<<HANS<PETER", "LI<<WEI")
    country = R.choice(["UTO", "FRA", "USA", "GBR", "D<<"])
    no = R.choice(UPPER) + digits(8)
    born, ends = (f"{y % 100:02}{m:02}{d:02}" for y, m, d in (date(), date(2025, 2033)))
    checks = [mrz_check(x) for x in (no, born, ends)]
    if bad is not None:
        checks[bad] = another(checks[bad])
    first = (kind + "<" + country + R.choice(names)).ljust(size, "<")
    second = (no + checks[0] + country + born + checks[1] + R.choice("MF<") + ends + checks[2]).ljust(size - 1, "<") + "0"
    return first, second


def mrz_text(bad=None, gap=None):
    first, second = mrz(R.choice("PV"), R.choice([44, 36]), bad)
    return first + (gap or R.choice(["⏎", "\\n", " "])) + second


def id_card(bad=None):
    no = R.choice(UPPER) + digits(8)
    born, ends = (f"{y % 100:02}{m:02}{d:02}" for y, m, d in (date(), date(2025, 2033)))
    checks = [mrz_check(x) for x in (no, born, ends)]
    if bad is not None:
        checks[bad] = another(checks[bad])
    lines = ["I<UTO" + no + checks[0], born + checks[1] + "F" + ends + checks[2] + "UTO", "DOE<<JOHN"]
    return "⏎".join(line.ljust(30, "<") for line in lines)


Set("passport-mrz").hits(mrz_text).hits(id_card, count=10).misses(
    lambda: mrz_text(0), lambda: mrz_text(1), lambda: mrz_text(2), lambda: id_card(R.choice([0, 1, 2])),
    lambda: mrz()[0], lambda: mrz()[1], lambda: mrz_text()[:-1], lambda: "X" + mrz_text(), lambda: mrz_text(gap="⏎⏎"),
    lambda: mrz_text().lower())


def public_ip():
    while True:
        a, b, c, d = R.randint(1, 223), R.randint(0, 255), R.randint(0, 255), R.randint(1, 254)
        if a not in (10, 127, 100, 169, 172, 192, 198, 203):
            return f"{a}.{b}.{c}.{d}"


def n():
    return str(R.randint(0, 255))


Set("ip-address").hits(public_ip).hits(lambda: R.choice(["8.8.8.8", "1.1.1.1", "9.9.9.9", "4.2.2.2"]), count=8).misses(
    lambda: f"10.{n()}.{n()}.{n()}", lambda: f"192.168.{n()}.{n()}", lambda: f"172.{R.randint(16, 31)}.{n()}.{n()}",
    lambda: f"127.0.0.{n()}", lambda: f"169.254.{n()}.{n()}", lambda: f"198.51.100.{n()}", lambda: f"203.0.113.{n()}",
    lambda: public_ip() + ".7", lambda: "3." + public_ip(), lambda: f"{R.randint(256, 999)}.4.5.6",
    lambda: f"4.{R.randint(256, 999)}.5.6", lambda: "v" + public_ip(), lambda: "version " + public_ip(),
    lambda: f"41.07.{n()}.{n()}", lambda: f"41.7.{n()}", lambda: f"{R.randint(224, 255)}.{n()}.{n()}.{n()}",
    frames=[f for f in PLAIN if "v" not in f])


def ipv6():
    head = R.choice(["2001:4860", "2a00:1450", "2606:4700", "2400:cb00", "2003:ec", "2804:14c", "2a02:26f0"])
    rest = [f"{R.randint(1, 0xffff):x}" for _ in range(6)]
    return R.choice([head + ":" + ":".join(rest), head + "::" + rest[0], head + ":" + rest[0] + "::" + rest[1]])


Set("ipv6-address").hits(ipv6).misses(
    lambda: "2001:db8::" + ipv6()[-3:].strip(":"), lambda: "fe80::" + chars(HEX, 4), lambda: "fd00:" + chars(HEX, 4) + "::1",
    lambda: "2001:4860:" + chars(HEX, 4), lambda: "2001:4860::1::2", lambda: "2001:4860:12345::1", lambda: "::1",
    lambda: "2001::", lambda: "2a00:1450:1:2:3:4:5:6:7", lambda: "2606:4700:1:2:3:4:5", lambda: "2001::text",
    lambda: "x" + ipv6(), lambda: "12:2001:05", lambda: ipv6() + "g")


def mac(gap=":"):
    return gap.join(chars(HEX, 2) for _ in range(6))


MAC_WORDS = words("MAC", "mac_address", "HWaddr", "bssid")
MAC_WORDS = [f for f in MAC_WORDS if not f.startswith("«")]
Set("mac-address").hits(mac, MAC_WORDS).hits(lambda: mac("-").upper(), MAC_WORDS, 8).misses(
    lambda: mac()[:-3], lambda: mac() + ":" + chars(HEX, 2), lambda: mac().replace(":", "", 1), lambda: "g" + mac()[1:],
    lambda: mac() + "f", lambda: mac("."), lambda: "00:00:00:00:00:00", lambda: mac()[:9] + "-" + mac()[10:],
    frames=MAC_WORDS).misses(mac, frames=["{}", "x {}", "macro {}", "id={}"], count=12)


def birthday():
    year, month, day = date(1930, 2009)
    name = ["Jan", "February", "Mar", "April", "May", "June", "Jul", "Aug", "Sept", "Oct", "November", "Dec"][month - 1]
    return R.choice([f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"{month:02}/{day:02}/{year}",
                     f"{day}/{month}/{year}", f"{day} {name} {year}", f"{name} {day}, {year}", f"{year}{month:02}{day:02}"])


BIRTH = ["date of birth: «{}»", "dob=«{}»", '{{"birth_date": "«{}»"}}', "Date of Birth\t«{}»", "DOB: «{}»",
         "geboren am «{}»", "Geburtsdatum: «{}»", "date de naissance : «{}»", "fecha de nacimiento: «{}»",
         "birthday «{}»", "data di nascita: «{}»", '{{"birthDate":"«{}»","x":1}}']
Set("date-of-birth").hits(birthday, BIRTH, 36).misses(
    lambda: f"{R.randint(1930, 2009)}-13-{R.randint(1, 28):02}", lambda: f"31.02.{R.randint(1930, 2009)}",
    lambda: f"{R.randint(1930, 2009)}-04-31", lambda: digits(6), lambda: "unknown", lambda: f"{R.randint(1700, 1850)}-01-02",
    lambda: "n/a", lambda: digits(10), lambda: "2100-01-01", frames=BIRTH).misses(
    birthday, frames=["{}", "created {}", "due: {}", "updated_at={}"], count=12)

PASSPORT = ["passport: «{}»", "Passport No. «{}»", '{{"passport_number":"«{}»"}}', "passport=«{}»", "Reisepass «{}»",
            "passeport n° «{}»", "Pasaporte: «{}»"]


def passport():
    return R.choice([digits(9), R.choice(UPPER) + digits(8), chars(UPPER, 2) + digits(7), R.choice(UPPER) + digits(7)])


Set("passport-number").hits(lambda: "7" + passport()[1:], PASSPORT, 28).misses(
    lambda: digits(6), lambda: digits(10), lambda: chars(UPPER, 9), lambda: chars(LOWER, 8), lambda: "expired",
    lambda: "2031-01-02", lambda: "20310102", lambda: chars(UPPER, 5) + digits(4), lambda: "office",
    frames=PASSPORT).misses(passport, frames=["{}", "order {}", "pass {}", "port {}"], count=12)


def bic():
    return chars(UPPER, 4) + R.choice(["DE", "GB", "FR", "US", "CH", "NL"]) + chars(UPPER + DIGITS, 2) + R.choice(
        ["", "X" * 3, chars(DIGITS, 3)])


BIC = ["BIC: «{}»", "SWIFT: «{}»", "swift=«{}»", '{{"bic": "«{}»"}}', "BIC/SWIFT «{}»", "swift_code: «{}»"]
Set("bic").hits(bic, BIC, 28).misses(
    lambda: bic()[:7], lambda: bic()[:8] + "X", lambda: chars(UPPER, 4) + "QQ" + chars(UPPER, 2), lambda: bic().lower(),
    lambda: "1" + bic()[1:], lambda: bic()[:4] + "12" + bic()[6:], lambda: "A" + bic()[:8], lambda: bic()[:8] + "X" * 4,
    frames=BIC).misses(bic, frames=["{}", "code {}", "swiftly {}", "cubic {}"], count=12)

CODE = ["cvv: «{}»", "CVV=«{}»", '{{"cvc":"«{}»"}}', "CVC2 «{}»", "card_code: «{}»", "security code: «{}»", "cvv2=«{}»"]
Set("card-code").hits(lambda: R.choice("123456789") + digits(R.choice([2, 3])), CODE, 28).misses(
    lambda: digits(2), lambda: digits(5), lambda: "000", lambda: "abc", lambda: "12a", lambda: "valid", lambda: "***",
    frames=CODE).misses(lambda: "1" + digits(2), frames=["{}", "code {}", "cv {}", "count: {}"], count=12)


# Credentials.
def token(name, make, alphabet=ALNUM, size=None, wrong=(), frames=PLAIN, exact=True):
    made = Set(name).hits(make, frames)
    near = [lambda: make()[:-max(3, len(make()) // 3)], lambda: "a" + make(), lambda: "_" + make(), lambda: make()[2:],
            lambda: make()[:6] + "." + make()[6:] if "." not in make()[:8] else make()[1:], *wrong]
    if exact:
        near.append(lambda: make() + R.choice(alphabet))
    made.misses(*near, frames=frames)


token("gitlab-token", lambda: R.choice(["glpat-", "gldt-", "glrt-", "glptt-", "gloas-", "glcbt-", "glsoat-", "glft-",
                                        "glagent-", "glimt-"]) + chars(ALNUM, 20), exact=False,
      wrong=[lambda: "glxyz-" + chars(ALNUM, 20), lambda: "glpat_" + chars(ALNUM, 20), lambda: "glpat-" + "x" * 20,
             lambda: "glpat-" + chars(LOWER, 11)])
SETS["gitlab-token"] = [x for x in SETS["gitlab-token"] if x.startswith("+") or "." not in x]
token("npm-token", lambda: crc_token("npm_"), wrong=[lambda: another(crc_token("npm_")), lambda: "npm_" + chars(ALNUM, 36),
                                                   lambda: crc_token("npm-")])
Set("github-token").hits(lambda: crc_token(R.choice(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]))).misses(
    lambda: another(crc_token("ghp_")), lambda: another(crc_token("gho_"), 9), lambda: crc_token("ghs_")[:-1],
    lambda: crc_token("ghx_"), lambda: crc_token("ghp-"), lambda: "github_pat_" + chars(ALNUM, 40))
token("pypi-token", lambda: "pypi-" + "AgEIcHlwaS5vcmc" + chars(URL64, R.randint(70, 150)) + "A", exact=False,
      wrong=[lambda: "pypi-" + chars(ALNUM, 80), lambda: "pypi-AgEIcHlwaS5vcmc" + chars(ALNUM, 30)])
SETS["pypi-token"] = [x for x in SETS["pypi-token"] if x.startswith("+")]
Set("pypi-token").misses(lambda: "pypi-AgEIcHlwaS5vcmc" + chars(ALNUM, R.randint(5, 45)),
                         lambda: "pypi_AgEIcHlwaS5vcmc" + chars(ALNUM, 80), lambda: "pypi-" + chars(ALNUM, 80),
                         lambda: "xpypi-AgEIcHlwaS5vcmc" + chars(ALNUM, 80))
token("docker-token", lambda: R.choice(["dckr_pat_" + chars(ALNUM, 27), "dckr_oat_" + chars(ALNUM, 32)]), exact=False,
      wrong=[lambda: "dckr_xat_" + chars(ALNUM, 27), lambda: "dckr_pat_" + chars(ALNUM, 33)])
token("huggingface-token", lambda: R.choice(["hf_", "api_org_"]) + chars(string.ascii_letters, 34), exact=False,
      wrong=[lambda: "hf-" + chars(ALNUM, 34), lambda: "hf_" + chars(LOWER, 34), lambda: "hf_" + chars(ALNUM, 41)])
token("digitalocean-token", lambda: R.choice(["dop", "doo", "dor"]) + "_v1_" + chars(HEX, 64), HEX,
      wrong=[lambda: "dox_v1_" + chars(HEX, 64), lambda: "dop_v2_" + chars(HEX, 64), lambda: "dop_v1_" + chars(HEX, 63) + "g"])
token("vault-token", lambda: R.choice(["hvs.", "hvb.", "hvr."]) + chars(ALNUM, R.choice([24, 90, 150])), exact=False,
      wrong=[lambda: "hvx." + chars(ALNUM, 24), lambda: "hvs." + chars(ALNUM, 20), lambda: "hvs_" + chars(ALNUM, 24)])
SETS["vault-token"] = [x for x in SETS["vault-token"] if x.startswith("+")]
Set("vault-token").misses(lambda: "hvx." + chars(ALNUM, 24), lambda: "hvs." + chars(ALNUM, 20), lambda: "hvs_" + chars(ALNUM, 24),
                          lambda: "xhvs." + chars(ALNUM, 24), lambda: "hvs." + "x" * 24, lambda: "hvb." + chars(LOWER, 30))
token("twilio-key", lambda: "SK" + chars(HEX, 32), HEX, wrong=[lambda: "AC" + chars(HEX, 32), lambda: "sk" + chars(HEX, 32),
                                                            lambda: "SK" + chars(HEX, 31) + "g"])
token("mailgun-key", lambda: "key-" + chars(HEX, 32), HEX, wrong=[lambda: "key_" + chars(HEX, 32),
                                                               lambda: "key-" + chars(HEX, 31) + "Z"])
token("shopify-token", lambda: R.choice(["shpat_", "shpca_", "shppa_", "shpss_"]) + chars(HEX, 32), HEX,
      wrong=[lambda: "shpxx_" + chars(HEX, 32), lambda: "shpat_" + chars(HEX, 31) + "g"])
token("databricks-token", lambda: "dapi" + chars(HEX, 32), HEX, wrong=[lambda: "dapx" + chars(HEX, 32),
                                                                    lambda: "dapi" + chars(HEX, 31) + "z"])
token("newrelic-key", lambda: "NRAK-" + chars(UPPER + DIGITS, 27), UPPER,
      wrong=[lambda: "NRAX-" + chars(UPPER + DIGITS, 27), lambda: "NRAK-" + chars(LOWER + DIGITS, 27)])
token("sendgrid-key", lambda: "SG." + chars(URL64, 22) + "." + chars(ALNUM, 43),
      wrong=[lambda: "SG." + chars(ALNUM, 21) + "." + chars(ALNUM, 43), lambda: "SG." + chars(ALNUM, 66),
             lambda: "SX." + chars(ALNUM, 22) + "." + chars(ALNUM, 43)])
token("grafana-token", lambda: R.choice(["glsa_" + chars(ALNUM, 32) + "_" + chars(HEX, 8), "glc_" + base64.b64encode(
    json.dumps({"o": digits(6), "n": chars(LOWER, 8), "k": chars(ALNUM, 24)}).encode()).decode().rstrip("=")]),
      exact=False, wrong=[lambda: "glsa_" + chars(ALNUM, 32) + chars(HEX, 9), lambda: "glc_" + chars(LOWER, 50),
                          lambda: "glsx_" + chars(ALNUM, 32) + "_" + chars(HEX, 8)])
SETS["grafana-token"] = [x for x in SETS["grafana-token"] if x.startswith("+") or "glc_eyJ" not in x]
Set("grafana-token").misses(lambda: "glc_" + chars(LOWER, 50), lambda: "glc_eyJ" + chars(ALNUM, 20), lambda: "xglsa_" + chars(
    ALNUM, 32) + "_" + chars(HEX, 8), lambda: "glsa_" + chars(ALNUM, 31) + "_" + chars(HEX, 8))
token("sentry-token", lambda: R.choice(["sntryu_" + chars(HEX, 64), "sntrys_" + base64.b64encode(json.dumps(
    {"iat": 1700000000.5, "org": chars(LOWER, 8), "url": "https://sentry.example"}).encode()).decode() + "_" + chars(ALNUM, 43)]),
      exact=False, wrong=[lambda: "sntryx_" + chars(HEX, 64), lambda: "sntryu_" + chars(HEX, 63) + "g"])
SETS["sentry-token"] = [x for x in SETS["sentry-token"] if x.startswith("+") or "sntrys_" not in x]
Set("sentry-token").misses(lambda: "sntryu_" + chars(HEX, 63), lambda: "sntrys_" + chars(LOWER, 80), lambda: "sntryu-" +
                           chars(HEX, 64), lambda: "xsntryu_" + chars(HEX, 64))
token("atlassian-token", lambda: "ATATT3xFfGF0" + chars(URL64, 170) + "=" + chars(HEX, 8).upper(), exact=False,
      wrong=[lambda: "ATATT3xFfGF1" + chars(ALNUM, 170) + "=" + chars(HEX, 8), lambda: "ATATT3xFfGF0" + chars(ALNUM, 170)])
token("age-key", lambda: bech32("age-secret-key-", [R.randint(0, 31) for _ in range(52)]).upper(), UPPER,
      wrong=[lambda: another(bech32("age-secret-key-", [R.randint(0, 31) for _ in range(52)]).upper()),
             lambda: bech32("age", [R.randint(0, 31) for _ in range(52)])])
token("telegram-token", lambda: digits(R.choice([8, 9, 10])) + ":AA" + chars(URL64, 33), exact=True,
      wrong=[lambda: digits(7) + ":AA" + chars(ALNUM, 33), lambda: digits(9) + ":AB" + chars(ALNUM, 33),
             lambda: digits(9) + ":AA" + chars(ALNUM, 32), lambda: digits(11) + ":AA" + chars(ALNUM, 33)])
SETS["telegram-token"] = [x for x in SETS["telegram-token"] if x.startswith("+")]
Set("telegram-token").misses(lambda: digits(7) + ":AA" + chars(ALNUM, 33), lambda: digits(9) + ":AB" + chars(ALNUM, 33),
                             lambda: digits(9) + ":AA" + chars(ALNUM, 32), lambda: digits(11) + ":AA" + chars(ALNUM, 33),
                             lambda: digits(9) + ":AA" + chars(ALNUM, 34), lambda: "x" + digits(9) + ":AA" + chars(ALNUM, 33))
Set("telegram-token").hits(lambda: digits(9) + ":AA" + chars(URL64, 33), ["https://api.telegram.org/bot«{}»/getMe"], 4)


def discord_bot():
    user = base64.urlsafe_b64encode(digits(R.choice([18, 19])).encode()).decode().rstrip("=")
    return user + "." + chars(ALNUM, 6) + "." + chars(ALNUM, 38)


DISCORD = ["discord: «{}»", "DISCORD_TOKEN=«{}»", "Authorization: Bot «{}»", '{{"discord_token":"«{}»"}}']
Set("discord-token").hits(lambda: "M" + discord_bot()[1:] if discord_bot()[0] not in "MNO" else discord_bot(), DISCORD).hits(
    lambda: digits(18) + "/" + chars(URL64, 68), ["https://discord.com/api/webhooks/{}"], 0)
SETS["discord-token"] = [x for x in SETS["discord-token"] if any(c in x.split("«")[1][:1] for c in "MNO")]
while len(SETS["discord-token"]) < 20:
    made = discord_bot()
    if made[0] in "MNO":
        SETS["discord-token"].append("+ " + DISCORD[len(SETS["discord-token"]) % 4].format(made))
for _ in range(8):
    SETS["discord-token"].append(f"+ https://discord.com/api/webhooks/{digits(18)}/«{chars(URL64, 68)}»")
Set("discord-token").misses(
    lambda: discord_bot().replace(".", "-", 1), lambda: discord_bot()[:40], lambda: chars(ALNUM, 26) + "." + chars(
        ALNUM, 6) + "." + chars(ALNUM, 38), lambda: "M" + chars(ALNUM, 25) + "." + chars(ALNUM, 6), frames=DISCORD).misses(
    discord_bot, frames=["{}", "x={}"], count=8)

STORAGE = ["DefaultEndpointsProtocol=https;AccountName=a;AccountKey=«{}»;EndpointSuffix=core.windows.net", "AccountKey=«{}»",
           '"AccountKey=«{}»"', "x;AccountKey=«{}»;y"]


def key64(size):
    return base64.b64encode(R.randbytes(size)).decode()


Set("azure-storage-key").hits(lambda: key64(64), STORAGE).misses(
    lambda: key64(63), lambda: key64(65), lambda: key64(32), lambda: key64(64)[:-2], lambda: key64(96), lambda: "***",
    frames=STORAGE).misses(lambda: key64(64), frames=["{}", "accountKey={}", "Account={}"], count=6)


def quoted(text):
    return text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


SAS = ["https://a.blob.core.windows.net/c/f?sv=2022-11-02&se=2030-01-01&sr=b&sp=r&sig=«{}»", "sv=2022&sig=«{}»&se=2030",
       "?sig=«{}»", '"sig=«{}»"']
Set("azure-sas").hits(lambda: R.choice([quoted, str])(key64(32)), SAS).misses(
    lambda: quoted(key64(31)), lambda: quoted(key64(33)), lambda: key64(32)[:-1], lambda: key64(48), lambda: "abc",
    lambda: key64(32)[:20] + "!" + key64(32)[20:], frames=SAS).misses(
    lambda: key64(32), frames=["{}", "design={}", "xsig={}", "signature={}"], count=8)


def entra():
    return chars(ALNUM, 3) + R.choice(DIGITS) + "Q~" + chars(ALNUM + "_-", 34)


Set("azure-client-secret").hits(entra).misses(
    lambda: entra().replace("Q~", "Q-"), lambda: entra()[:30], lambda: entra() + "a1", lambda: "x" + entra(),
    lambda: chars(LOWER, 4) + "Q~" + chars(ALNUM, 34), lambda: entra()[1:], lambda: entra().replace("Q~", "R~"))


def google():
    return R.choice(["ya29." + chars(URL64, R.randint(100, 180)) + "a", "GOCSPX-" + chars(ALNUM, 28),
                     "1//0" + chars(URL64, 96) + "a"])


Set("google-oauth").hits(google).misses(
    lambda: "ya28." + chars(ALNUM, 100), lambda: "ya29." + chars(ALNUM, 20), lambda: "GOCSPX-" + chars(ALNUM, 27),
    lambda: "GOCSPX-" + chars(ALNUM, 29), lambda: "1//1" + chars(ALNUM, 90), lambda: "1//0" + chars(ALNUM, 20),
    lambda: "x" + google(), lambda: "GOCSPY-" + chars(ALNUM, 28), lambda: "_" + google())


def atlas():
    return chars(ALNUM, 14) + ".atlasv1." + chars(ALNUM, 67)


Set("terraform-token").hits(atlas).misses(
    lambda: atlas()[1:], lambda: "x" + atlas(), lambda: atlas()[:-10], lambda: atlas() + "abcd", lambda: atlas().replace(
        "v1", "v2"), lambda: atlas().replace(".", "-", 1))

DATADOG = ["DD_API_KEY=«{}»", "datadog api key: «{}»", '{{"datadog_api_key":"«{}»"}}', "dd-api-key: «{}»", "DD_APP_KEY=«{}»"]
Set("datadog-key").hits(lambda: chars(HEX, R.choice([32, 40])), DATADOG).misses(
    lambda: chars(HEX, 31), lambda: chars(HEX, 33), lambda: chars(HEX, 31) + "g", lambda: chars(HEX, 64), lambda: "x" + chars(
        HEX, 32), lambda: chars(DIGITS, 32), frames=DATADOG).misses(lambda: chars(HEX, 32), frames=["{}", "md5={}", "dd {}"],
                                                                    count=9)
BEARER = ["Authorization: Bearer «{}»", "bearer «{}»", '{{"authorization":"Bearer «{}»"}}', "-H 'Authorization: Bearer «{}»'"]
Set("bearer-token").hits(lambda: chars(URL64, R.randint(20, 80)) + "a", BEARER).misses(
    lambda: chars(ALNUM, 12), lambda: "token", lambda: "authentication", lambda: "************", lambda: chars(LOWER, 9),
    lambda: "<token>", lambda: "$TOKEN", lambda: "of bad news", frames=BEARER).misses(
    lambda: chars(ALNUM, 30), frames=["{}", "forbearer {}", "bear {}"], count=6)
BASIC = ["Authorization: Basic «{}»", "basic «{}»", '{{"authorization":"Basic «{}»"}}', "-H 'Authorization: Basic «{}»'"]
Set("basic-auth").hits(lambda: base64.b64encode((chars(LOWER, R.randint(3, 8)) + ":" + chars(ALNUM, R.randint(6, 16))).encode()
                                                ).decode(), BASIC).misses(
    lambda: base64.b64encode(chars(LOWER, 9).encode()).decode(), lambda: "auth", lambda: base64.b64encode(
        b":" + chars(LOWER, 8).encode()).decode(), lambda: base64.b64encode(bytes(12)).decode(), lambda: "authentication",
    lambda: "information", lambda: base64.b64encode(b"ab:cdefgh").decode()[:-1], lambda: "YTpi", frames=BASIC).misses(
    lambda: base64.b64encode(b"user:" + chars(LOWER, 9).encode()).decode(), frames=["{}", "basics {}", "x={}"], count=6)

ASSIGN = ["password=«{}»", "PASSWORD: «{}»", '{{"password": "«{}»"}}', "passwd='«{}»'", "DB_PASSWORD=«{}»;x=1", "secret=«{}»",
          "client_secret=«{}»&x=1", "api_key: «{}»", "apikey=«{}»", "'api-key' => '«{}»'", "pwd=«{}»;", "passphrase = \"«{}»\"",
          "access_token=«{}»", "SECRET_KEY_BASE=«{}»", "ALTER ROLE a PASSWORD '«{}»'"]
Set("password").hits(lambda: R.choice([chars(ALNUM, 12), chars(LOWER, 6) + digits(3), "S3cr3t!" + chars(LOWER, 3), chars(HEX, 32)]),
                     ASSIGN, 45).misses(
    lambda: "abc", lambda: "********", lambda: "required", lambda: "$PASSWORD", lambda: "{{ password }}", lambda: "null",
    lambda: "<hidden>", lambda: "x", lambda: "${DB_PASS}", frames=["password=«{}»", "secret: {}", "api_key={}",
                                                                  '{{"password":"{}"}}']).misses(
    lambda: chars(ALNUM, 12), frames=["{}", "password {}", "passwords are {}", "secret_name={}", "password_policy: {}",
                                      "secretary: {}", "a=={}", "if password == {}"], count=16)

# The rest have vectors written by hand (vectors_pii.cc, vectors_secrets.cc); here come more by the rules.
ISSUERS = [("4", 16), ("4", 13), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16), ("3530", 16),
           ("62", 16), ("36", 14), ("6759", 16), ("65", 16)]


def is_article(text):  # EAN-13, weights 1 and 3
    return len(text) == 13 and sum(int(c) * (1, 3)[i % 2] for i, c in enumerate(text)) % 10 == 0


def card():
    while True:
        head, size = R.choice(ISSUERS)
        body = head + digits(size - len(head) - 1)
        if not is_article(text := body + luhn(body)):
            return text


def hex_with_card():
    return chars("abcdef", 8) + card() + chars("abcdef", 64)[:16 - len(card()) % 8]


Set("credit-card").hits(card).misses(
    lambda: another(card()), lambda: another(card(), 5), lambda: "7" + card(), lambda: card() + "00000000",
    lambda: chars("abcdef", 4) + card() + chars(HEX, 12), hex_with_card,
    lambda: f"{chars(HEX, 8)}-{chars(HEX, 4)}-{chars(HEX, 4)}-4716-446655440000",
    lambda: f"{chars(HEX, 8)}-{chars(HEX, 4)}-4{digits(3)}-9{digits(3)}-{digits(12)}")


def iban():
    code, size = R.choice([("DE", 18), ("NL", 14), ("GB", 18), ("FR", 23), ("ES", 20), ("BE", 12), ("CH", 17), ("PL", 24)])
    body = chars(UPPER, 4) + digits(size - 4) if code in ("NL", "GB") else digits(size)
    text = "".join(str(int(c, 36)) for c in body + code + "00")
    return code + f"{98 - int(text) % 97:02}" + body


Set("iban").hits(iban).misses(lambda: another(iban()), lambda: another(iban(), 3), lambda: iban()[:-1], lambda: iban() + "7",
                              lambda: "X" + iban(), lambda: "QQ" + iban()[2:])


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for name, lines in sorted(SETS.items()):
            file.write(f"[{name}]\n" + "".join(line.replace("\n", "⏎") + "\n" for line in lines))


if __name__ == "__main__":
    main()
