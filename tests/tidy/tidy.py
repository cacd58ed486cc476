#!/usr/bin/env python3
"""Holds the tree to its rules. Each check prints one TAP line; the comment above it says why it is there."""
import os
import re
import shutil
import subprocess
import sys

root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
listed = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True).stdout if shutil.which("git") else ""
files = [f for f in listed.split("\n") if f and os.path.isfile(os.path.join(root, f))]
if not files:  # an exported tree without its history, or a machine without git
    files = [os.path.relpath(os.path.join(folder, name), root)
             for folder, _, names in os.walk(root) for name in names
             if not re.search(r"/(\.git|build[^/]*|node_modules)(/|$)", folder + "/")]
code = [f for f in files if re.search(r"\.(cc|h|c)$", f)]


def read(name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def product(name):
    return not name.startswith(("tests/", "bench/"))


# DESIGN section 4: cli -> core -> {config, ringlog, plugins/plugin.h}; plugins see plugin.h and their own folder.
ALLOWED = {
    "config": {"config"},
    "ringlog": {"ringlog", "config"},
    "core": {"core", "config", "ringlog", "plugins/plugin.h"},
    "cli": {"cli", "core", "config", "ringlog", "plugins/plugin.h"},
}


def directions():
    for name in filter(product, code):
        top = name.split("/")[0]
        for target in re.findall(r'^#include "([^"]+)"', read(name), re.M):
            if "/" not in target:
                continue
            if top == "plugins":
                own = "/".join(name.split("/")[:2]) + "/"
                good = target == "plugins/plugin.h" or target.startswith(own)
            else:
                good = any(target == a or target.startswith(a + "/") for a in ALLOWED.get(top, ()))
            if not good:
                yield f"{name} includes {target}"


# The data path knows no control thread's code but what crosses to it.
def data_path():
    for name in code:
        if not re.match(r"core/(io|guard|path)/", name):
            continue
        for target in re.findall(r'^#include "(core/control/[^"]+)"', read(name), re.M):
            if target not in ("core/control/messages.h", "core/control/snapshot.h", "core/control/secret_bytes.h"):
                yield f"{name} includes {target}"


# What is listed may be larger than the rule, and may only shrink.
def ratchet(path):
    known = {}
    for line in read(path).split("\n"):
        if line and not line.startswith("#"):
            size, name = line.split()
            known[name] = int(size)
    return known


# No file grows past 300 lines but those listed.
def sizes():
    known = ratchet("tests/tidy/sizes")
    for name in code:
        size = read(name).count("\n")
        limit = known.get(name, 300)
        if size > limit:
            yield f"{name} has {size} lines, {limit} are allowed: divide it by its nouns"
    for name in known:
        if name not in code:
            yield f"tests/tidy/sizes names {name}, which is gone"


# Functions are short enough to be seen whole. Counted from a line that ends in '{' at column 0 to its '}'.
def functions():
    known = ratchet("tests/tidy/functions")
    for name in filter(product, code):
        start = None
        for number, line in enumerate(read(name).split("\n"), 1):
            if re.match(r"^[A-Za-z].*\)( const)?( noexcept)?( ->.*)? \{$", line):
                start = number
            elif line == "}" and start:
                if number - start > known.get(name, 70):
                    yield f"{name}:{start} has {number - start} lines"
                start = None


# Left-over markers are either done or said in the open.
def words():
    for name in code + [f for f in files if f.endswith((".md", ".py", ".toml", ".build"))]:
        if name.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(read(name).split("\n"), 1):
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
                yield f"{name}:{number} holds a marker"
            if re.search(r"(^|[\s\"'=(])/(work|root|home/\w+)/", line):
                yield f"{name}:{number} names a path of one machine"


# Headers say once that they are headers, and no one uses what the data path must not.
def headers():
    for name in code:
        text = read(name)
        if name.endswith(".h") and "#pragma once" not in text and "#ifndef" not in text:
            yield f"{name} has no #pragma once"
        if re.match(r"core/(io|path)/|core/core\.", name) and re.search(r"\b(throw|dynamic_cast|std::mutex)\b", text):
            if not name.startswith(("core/path/kit", "core/path/loader")):
                yield f"{name} uses throw, dynamic_cast or a mutex on the data path"


# Tests that cannot fail or are switched off are no tests.
def honest_tests():
    for name in code:
        if name.startswith("tests/") and re.search(r"\bDISABLED_|EXPECT_TRUE\(true\)|SUCCEED\(\)", read(name)):
            yield f"{name} holds a test that cannot fail or does not run"


# One format, by the tool. Only where it is installed: its version decides.
def formatted():
    tool = "clang-format"
    try:
        subprocess.run([tool, "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    for start in range(0, len(code), 50):
        run = subprocess.run([tool, "--dry-run", *code[start:start + 50]], cwd=root, capture_output=True, text=True)
        for name in sorted(set(re.findall(r"^([^:\s]+):\d+:\d+: warning", run.stderr, re.M))):
            yield f"{name} is not formatted: clang-format -i {name}"


checks = [directions, data_path, sizes, functions, words, headers, honest_tests, formatted]
print(f"1..{len(checks)}")
bad = False
for number, check in enumerate(checks, 1):
    found = list(check())
    bad |= bool(found)
    print(f"{'not ok' if found else 'ok'} {number} - {check.__name__}")
    for line in found[:40]:
        print(f"# {line}")
sys.exit(1 if bad else 0)
