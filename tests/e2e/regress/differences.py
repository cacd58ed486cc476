"""What two runs of the same file say differently, and the committed list of the differences that are meant to be."""

import collections
import hashlib
import re
import subprocess
import tempfile

Reason = collections.namedtuple("Reason", "mark text")
# One change between two outputs. `statement` is the last line of SQL that both echo before it; `start` and `end` are
# its lines in the first output, from 0, the end excluded.
Difference = collections.namedtuple("Difference", "file statement removed added start end")
Entry = collections.namedtuple("Entry", "file digest statement")
UNEXPLAINED = "unexplained"
_STATEMENT_SIZE = 72
# What the gateway advises beside a refusal: it may be worded anew, the refusal is the difference.
_ADVICE = ("HINT:  A login of the target may be permitted them", "HINT:  The gateway follows ", "HINT:  The gateway reads UTF8 ")


def compare(name, sql, direct, other):
    """The Differences of one file; the outputs and `sql` are lists of lines."""
    other = [line for line in other if not line.startswith(_ADVICE)]
    if direct == other:
        return []
    with tempfile.NamedTemporaryFile() as left, tempfile.NamedTemporaryFile() as right:
        for file, lines in ((left, direct), (right, other)):
            file.write("".join(line + "\n" for line in lines).encode(errors="surrogateescape"))
            file.flush()
        done = subprocess.run(["diff", "-a", left.name, right.name], capture_output=True)
        assert done.returncode == 1, f"diff of {name}: {done.returncode} {done.stderr}"
    echoed = {line for line in sql if line.strip() and not line.startswith("--")}
    found = []
    for line in done.stdout.decode(errors="surrogateescape").split("\n"):
        place = re.fullmatch(r"(\d+)(?:,(\d+))?([acd])(\d+)(?:,(\d+))?", line)
        if place:
            first, last, kind = int(place[1]), int(place[2] or place[1]), place[3]
            start, end = (first, first) if kind == "a" else (first - 1, last)
            before = next((one for one in reversed(direct[:start]) if one in echoed), "")
            found.append(Difference(name, before, [], [], start, end))
        elif line.startswith("< "):
            found[-1].removed.append(line[2:])
        elif line.startswith("> "):
            found[-1].added.append(line[2:])
    return found


def entry(one):
    """How a Difference stands in the list: the digest is of both sides' lines."""
    text = "\n".join(["-" + line for line in one.removed] + ["+" + line for line in one.added])
    statement = " ".join(one.statement.encode("ascii", "replace").decode().split())[:_STATEMENT_SIZE].strip()
    return Entry(one.file, hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:12], statement)


def shown(one):
    """A Difference for a person, shortened."""
    lines = ["- " + line for line in one.removed[:20]] + ["+ " + line for line in one.added[:20]]
    return "\n".join([f"{one.file}: after {one.statement!r} (line {one.start + 1})", *lines]).encode("ascii", "replace").decode()


def steady(one, control):
    """False where two direct runs differ in the same lines too: `control` has their Differences of this file."""
    return not any(one.start <= other.end and other.start <= one.end for other in control)


class Listing:
    """The committed list: reasons, and entries counted under them."""

    def __init__(self, path):
        self.path = path
        self.reasons, self.entries = {}, {}
        with open(path, encoding="ascii") as file:
            for line in file:
                words = line.split()
                if line.startswith("#") or not words:
                    continue
                if words[0] == "reason":
                    _, name, rest = line.split(None, 2)
                    mark, _, text = rest.strip()[1:].partition('" ')
                    self.reasons[name] = Reason(mark, text)
                else:
                    file_name, reason, digest, *_ = words
                    statement = line.split(None, 3)[3].strip() if len(words) > 3 else ""
                    self.entries.setdefault(Entry(file_name, digest, statement), []).append(reason)

    def count(self, files):
        """How often each entry of these files stands in the list."""
        return collections.Counter({one: len(reasons) for one, reasons in self.entries.items() if one.file in files})

    def unknown(self):
        """Entries whose reason is none of those that the list explains, and reasons without an entry."""
        used = {reason for reasons in self.entries.values() for reason in reasons}
        return [one for one, reasons in self.entries.items() if set(reasons) - set(self.reasons)] + sorted(
            set(self.reasons) - used)

    def guess(self, one):
        """The reason whose refusal a Difference shows, or `unexplained`."""
        found = [name for name, reason in self.reasons.items() if any(reason.mark in line for line in one.added)]
        return found[0] if found else UNEXPLAINED

    def rewrite(self, differences, files):
        """Writes the entries of these files anew; what was listed keeps its reason."""
        with open(self.path, encoding="ascii") as file:
            lines = list(file)
        head = [line for line in lines if line.startswith(("#", "reason ")) or not line.strip()]
        others = [line for line in lines if line not in head and line.split()[0] not in files]
        left = {one: list(reasons) for one, reasons in self.entries.items()}
        with open(self.path, "w", encoding="ascii") as file:
            file.writelines(head)
            for one in differences:
                key = entry(one)
                reason = left[key].pop(0) if left.get(key) else self.guess(one)
                file.write(f"{key.file} {reason} {key.digest} {key.statement}".rstrip() + "\n")
            file.writelines(others)
