"""npm packages for tests, kept in the user's cache folder: as a lock beside their package.json pins them, a folder a lock;
and a Node.js for those that want a newer one than Debian's."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import unittest

FILES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_SECONDS_MAX = 180


def installed(source):
    """The node_modules folder for the package.json in the folder `source`. Skips the test where they cannot be had."""
    with open(source + "/package-lock.json", "rb") as lock:
        digest = hashlib.sha256(lock.read()).hexdigest()[:16]

    def copy(folder):
        for name in FILES:
            if os.path.exists(f"{source}/{name}"):
                shutil.copy(f"{source}/{name}", folder)

    return _kept(f"{os.path.basename(source)}-{digest}", copy, "ci") + "/node_modules"


def node(major):
    """A Node.js of version `major` or newer: the machine's, else npm's own copy of that version."""
    found = shutil.which("node")
    if not found or not shutil.which("npm"):
        raise unittest.SkipTest("node or npm is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) >= major:
        return found
    package = "node-linux-" + {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return _kept(f"{package}-{major}", lambda _: None, "install", f"{package}@{major}") + f"/node_modules/{package}/bin/node"


def _kept(name, prepare, *command):
    """The cache's folder `name`; made by npm's `command` where it is not there yet."""
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sallyport", "npm")
    kept = f"{cache}/{name}"
    if os.path.exists(kept):
        return kept
    if not shutil.which("npm"):
        raise unittest.SkipTest("npm is not installed")
    os.makedirs(cache, exist_ok=True)
    made = tempfile.mkdtemp(dir=cache)
    try:
        prepare(made)
        _run(made, command)
        os.rename(made, kept)
    except OSError:
        if not os.path.exists(kept):  # another test program was first
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return kept


def _run(folder, command):
    try:
        done = subprocess.run(["npm", *command, "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                              capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        raise unittest.SkipTest(f"npm could not install its packages within {INSTALL_SECONDS_MAX} s") from None
    if done.returncode:
        raise unittest.SkipTest("npm could not install its packages: no network? " + done.stderr[:500])
