"""Spells a template: case, blanks, comments, quoting, escapes. `spell` keeps the meaning; `spoil` need not."""

import re

TOKEN = re.compile(r"\{(?:([fsq]):)?([^}]*)\}|([A-Za-z_][A-Za-z_0-9]*)|(\d+)|(::|\|\||=>|[-+*/<>=~!@#%^&|]+|\S)")
WORDLIKE = re.compile(r"[A-Za-z0-9_$\x80-\U0010ffff]")
BLANKS = [" ", "\t", "\n", "\r", "\f", "\r\n", "  "]
COMMENTS = ["/**/", "/* */", "/*/**/*/", "/* ' */", '/*"*/', "/*;*/", "/* $$ */", "/*--*/", "/*\n*/", "/***/", "/*/*/**/*/*/", "/* \u00e9\u4e2d */",
            "--\n", "-- '\n", "--\r", "--;\n", "--/*\n", "/* */--*/\n", "-- \\\n", "/*!50000*/", "/*+ a */"]
NOISE = ["\xa0", "\x0b", "\u2003", "\u200b", "\ufeff", "\u2028", "\x85", "\x1a", "\x08", "\x7f", "\u3000", "\u02bc", "\u2019", "\u201c", "\uff07", "\uff1b",
         "\u037e", "\uff08", "'", '"', "$$", "$a$", "/*", "*/", "--", ";", "\\", "E'", "U&'", 'U&"', "(", ")", "[", "{", "$1", ":", "::", "\n", "\\'", "''", "%",
         "BEGIN ATOMIC ", "END", "CASE ", "/*/", "--\\n", "B'", "N'", "X'", "\\;", "\\g", "`", "#", "?"]


def spell(rng, template, depth=0):
    """One of the many texts that mean what `template` says."""
    plain = rng.random() < 0.15
    out = ""
    for match in TOKEN.finditer(template):
        mark, name, word, number, sign = match.groups()
        if name is not None:
            piece = _placed(rng, mark, name, depth, plain)
        elif word is not None:
            piece = word if plain else _case(rng, word)
        else:
            piece = number or sign
        out += _between(rng, out, piece, plain) + piece
    return out


def _placed(rng, mark, name, depth, plain):
    if mark == "s":
        return literal(rng, name, plain)
    if mark == "q":
        return literal(rng, name if depth > 1 or plain else _respaced(rng, name), plain)
    if mark == "f" and not plain and rng.random() < 0.4:
        spaced = rng.choice(["", "", " ", "/**/", "\n"])
        return identifier(rng, "pg_catalog") + spaced + "." + spaced + identifier(rng, name)
    return name if plain else identifier(rng, name)


def _respaced(rng, text):
    """SQL inside a literal: its words in another case, its blanks other blanks; its own literals stay."""
    parts = text.split("'")
    return "'".join(re.sub(" ", lambda _: rng.choice(BLANKS), _case(rng, part)) if index % 2 == 0 else part for index, part in enumerate(parts))


def _case(rng, word):
    how = rng.randrange(4)
    if how == 3:
        return "".join(rng.choice((one.lower(), one.upper())) for one in word)
    return (word, word.lower(), word.upper())[how]


def identifier(rng, name):
    how = rng.randrange(8)
    if how < 4:
        return _case(rng, name)
    if how == 4:
        return f'"{name}"'
    if how == 5:
        return 'U&"' + _unicode(rng, name, "\\") + '"'
    if how == 6:
        sign = rng.choice("!#@%^~|")
        return f'u&"{_unicode(rng, name, sign)}"{rng.choice([" ", "", "/**/"])}uescape{rng.choice([" ", ""])}\'{sign}\''
    return f'U&"{_unicode(rng, name, chr(92))}"'


def _unicode(rng, text, sign):
    out = ""
    for one in text:
        how = rng.randrange(5)
        if one == sign:
            out += sign + sign
        elif how == 0:
            out += f"{sign}{ord(one):04x}"
        elif how == 1:
            out += f"{sign}+{ord(one):06X}"
        else:
            out += one
    return out


def literal(rng, text, plain=False):
    how = 0 if plain else rng.randrange(7)
    if how <= 1:
        return "'" + text.replace("'", "''") + "'"
    if how == 2:
        return rng.choice("eE") + "'" + _escaped(rng, text) + "'"
    if how == 3:
        return "U&'" + _unicode(rng, text, "\\").replace("'", "''") + "'"
    if how == 4:
        tag = rng.choice(["", "a", "_", "A1", "\u00e9", "body", "x" * 70])
        if f"${tag}$" not in text:
            return f"${tag}${text}${tag}$"
    if how == 5 and len(text) > 1:  # goes on behind a newline
        at = rng.randrange(1, len(text))
        return "'" + text[:at].replace("'", "''") + "'" + rng.choice(["\n", " \n ", "--\n", "\r\n\t", "-- '\n"]) + "'" + text[at:].replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


def _escaped(rng, text):
    out = ""
    for one in text:
        how = rng.randrange(8)
        if one in "'\\":
            out += "\\" + one
        elif how == 0 and ord(one) < 128:
            out += f"\\x{ord(one):02x}"
        elif how == 1 and ord(one) < 128:
            out += f"\\{ord(one):03o}"
        elif how == 2:
            out += f"\\u{ord(one):04x}"
        else:
            out += one
    return out


def blank(rng):
    return rng.choice(BLANKS) if rng.random() < 0.6 else rng.choice(COMMENTS)


def _between(rng, before, piece, plain):
    if not before:
        return ""
    needed = bool(WORDLIKE.match(before[-1]) and (WORDLIKE.match(piece[0]) or piece[0] in "'\"$")) or (before[-1] in "'\"" and piece[0] in "'\"")
    if plain:
        return " " if needed or piece[0] not in ".,;)" else ""
    # Signs that would grow together into another sign; a literal's quote and what might go on with it.
    needed = needed or (before[-1] in "-+*/<>=~!@#%^&|:." and piece[0] in "-+*/<>=~!@#%^&|:.") or before[-1] in "'" and piece[0] in "'"
    if not needed and rng.random() < 0.4:
        return ""
    made = "".join(blank(rng) for _ in range(rng.choice([1, 1, 1, 2, 3])))
    # `/` right before a comment, or `-` before a dash, is read as part of it: a blank divides.
    if before[-1] in "-/*" and made[0] in "-/":
        made = " " + made
    return made


def around(rng, text):
    """`text` with what may stand before and behind any statement."""
    if rng.random() < 0.3:
        text = rng.choice([";", ";;", " ;\n;", "/**/;", blank(rng), "\n\n", "--\n", "/* /* */ */", "SELECT 1;", "SELECT ';' ;", "VALUES (1) ; ", ";" * 200,
                           " " * 3000, "/*" + "x" * 2000 + "*/", "--" + "'" * 500 + "\n", "SELECT " + "(" * 50 + "1" + ")" * 50 + ";",
                           "SELECT " + "1+" * 300 + "1;", "SELECT " + "(" * 600 + "1" + ")" * 600 + ";", "SELECT '" + "x" * 5000 + "';"]) + text
    if rng.random() < 0.3:
        text += rng.choice([";", " ;;", ";--", "; /* */", "--", "\n-- '", "/**/", ";SELECT 1", "; SELECT 1;", ";\t\f\r\n", ";" * 100, ";SELECT '" + "y" * 3000 + "'"])
    return text


def spoil(rng, text):
    """`text` with one to three changes after which it may mean anything, or nothing."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        at = rng.randrange(len(text) + 1)
        how = rng.randrange(10)
        if how < 4:
            text = text[:at] + rng.choice(NOISE) + text[at:]
        elif how == 4:
            blanks = [one.start() for one in re.finditer(r"\s", text)] or [at]
            at = rng.choice(blanks)
            text = text[:at] + rng.choice(NOISE[:14]) + text[at + 1:]
        elif how == 5:
            text = text[:at] + text[at + rng.randrange(1, 4):]
        elif how == 6:
            to = min(len(text), at + rng.randrange(1, 20))
            text = text[:to] + text[at:to] + text[to:]
        elif how == 7:
            text = rng.choice(["SELECT '", "SELECT 1 --", "/*", "SELECT $$", 'SELECT 1 "', "SELECT 'a\\'", "SELECT E'\\\\", "SELECT U&'\\", "SELECT N'",
                               "SELECT 1 AS ", "SELECT (", "SELECT 'a' /*'*/ ", "SELECT $a$ $", "-- \\\r", "SELECT 'x' \n --'\n '", "EXPLAIN ", "SELECT B'"]) + text
        elif how == 8:
            text += rng.choice(["'", "--'", "*/", "$$", '"', "\\", "'--", "/*", "*/*/", ")", "'x", "''", "\x0b;", ";'"])
        else:
            text = text[:at]
    return text
