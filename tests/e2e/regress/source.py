"""PostgreSQL's own regression tests: fetched from Debian's source package, kept outside the tree.

apt runs with folders and a source list of its own: the machine's list with `deb-src` added. What it fetched is kept
in the user's cache folder, a folder a version."""

import collections
import glob
import os
import re
import shutil
import subprocess
import tarfile
import tempfile

FETCH_TIMEOUT = 300  # seconds, each step
CORE, PLPGSQL = "src/test/regress", "src/pl/plpgsql/src"


class Unavailable(Exception):
    """The sources cannot be had here; the text says why."""


# One file of SQL: its name in reports, the folder (under the source's) that holds sql/, and the database it runs in.
Test = collections.namedtuple("Test", "name folder database")


class Source:
    """What was fetched: `folder` holds src/test/regress, contrib and PL/pgSQL's own tests as in the source package;
    `library` is their C functions, regress.so."""

    def __init__(self, folder):
        self.folder = folder
        self.library = folder + "/regress.so"

    def core(self):
        """The tests of parallel_schedule in its order, but for those whose failure it ignores."""
        names, ignored = [], set()
        with open(f"{self.folder}/{CORE}/parallel_schedule") as file:
            for line in file:
                kind, _, rest = line.partition(":")
                if kind == "test":
                    names += rest.split()
                elif kind == "ignore":
                    ignored |= set(rest.split())
        return [Test(name, CORE, "regression") for name in names if name not in ignored]

    def modules(self):
        """The tests of PL/pgSQL and of the contrib modules that need no server made for them and no second one."""
        found = []
        for makefile in sorted(glob.glob(f"{self.folder}/contrib/*/Makefile")) + [f"{self.folder}/{PLPGSQL}/Makefile"]:
            folder = os.path.relpath(os.path.dirname(makefile), self.folder)
            with open(makefile) as file:
                text = file.read().replace("\\\n", " ")
            names = " ".join(re.findall(r"(?m)^REGRESS\s*\+?=(.*)$", text)).split()
            module = os.path.basename(folder) if folder != PLPGSQL else "plpgsql"
            if "--temp-config" in text or module in ("dblink", "postgres_fdw"):
                continue
            found += [Test(f"{module}/{name}", folder, "regression_" + module) for name in names
                      if os.path.exists(f"{self.folder}/{folder}/sql/{name}.sql")]
        return found

    def lines(self, test):
        with open(sql_of(self.folder, test), encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read().split("\n")


def sql_of(root, test):
    return f"{root}/{test.folder}/sql/{test.name.rpartition('/')[2]}.sql"


def fetch(major):
    """The Source of the installed postgresql-MAJOR; fetched once a version. Raises Unavailable."""
    package = f"postgresql-{major}"
    version = _run(["dpkg-query", "-W", "-f", "${Version}", package]).strip()
    kept = f"{_cache()}/{package}-{version.replace(':', '_')}"
    if not os.path.exists(kept + "/complete"):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(kept)) as made:
            _fetch_sources(made, package, version)
            _build_library(made, major)
            open(made + "/complete", "w").close()
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(made, kept)
    return Source(kept)


def _cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return home + "/sallyport/regress"


def _run(args, **kwargs):
    try:
        done = subprocess.run(args, capture_output=True, text=True, timeout=FETCH_TIMEOUT, **kwargs)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{args[0]}: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "failed").splitlines()[-1]
        raise Unavailable(f"{' '.join(args[:1] + args[-1:])}: {last}")
    return done.stdout


class _Apt:
    """apt-get with lists, cache and sources under `folder`."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "parts", "fetched"):
            os.makedirs(f"{folder}/{name}")
        self.options = []
        for key, value in {"Dir::Etc::SourceList": "/dev/null", "Dir::Etc::SourceParts": folder + "/parts",
                           "Dir::State::Lists": folder + "/lists", "Dir::Cache": folder + "/cache",
                           "APT::Sandbox::User": "", "Acquire::Retries": "1"}.items():
            self.options += ["-o", f"{key}={value}"]

    def __call__(self, *args):
        return _run(["apt-get", "-q", *self.options, *args], cwd=self.folder + "/fetched")

    def fetched(self, pattern):
        found = glob.glob(f"{self.folder}/fetched/{pattern}")
        if not found:
            raise Unavailable("apt-get fetched no " + pattern)
        return found[0]


def _with_sources(apt):
    """Copies the machine's source lists and adds deb-src to each entry. Raises Unavailable."""
    for path in glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*"):
        with open(path) as file:
            text = file.read()
        if path.endswith(".sources"):
            text = re.sub(r"(?m)^Types:.*$", "Types: deb deb-src", text)
        elif path.endswith(".list"):
            text = re.sub(r"(?m)^deb(?:-src)?\s(.*)$", r"deb \1\ndeb-src \1", text)
        else:
            continue
        with open(f"{apt.folder}/parts/{os.path.basename(path)}", "w") as file:
            file.write(text)
    if not os.listdir(apt.folder + "/parts"):
        raise Unavailable("this machine has no apt source list")
    # An archive without sources makes apt-get fail as a whole: what was fetched may still be enough.
    try:
        apt("update")
    except Unavailable as trouble:
        if not any("_Sources" in name or "_source_" in name for name in os.listdir(apt.folder + "/lists")):
            raise trouble


def _fetch_sources(folder, package, version):
    """The source's folders and the headers for its C functions. Raises Unavailable."""
    with tempfile.TemporaryDirectory() as work:
        apt = _Apt(work)
        _with_sources(apt)
        _download(apt, ["apt-cache", *apt.options, "showsrc", package], version, "source", "--download-only", package)
        with tarfile.open(apt.fetched("*.orig.tar.*")) as archive:
            for one in archive:
                one.name = one.name.partition("/")[2]
                if one.isreg() and one.name.startswith((CORE, PLPGSQL, "contrib/")) and ".." not in one.name:
                    archive.extract(one, folder)
        headers = f"postgresql-server-dev-{package.rpartition('-')[2]}"
        _download(apt, ["apt-cache", *apt.options, "show", headers], version, "download", headers)
        _run(["dpkg-deb", "-x", apt.fetched("*.deb"), folder + "/headers"])


def _download(apt, listing, version, *what):
    """`what` in `version`, else, where the archive has gone on, in another that `listing` names: tests and headers of
    one major version are all but the same. Raises Unavailable."""
    listed = set(re.findall(r"(?m)^Version: (\S+)", _run(listing)))
    trouble = Unavailable("the archive has no " + what[-1])
    for one in sorted(listed, key=lambda other: (other != version, other)):
        try:
            return apt(*what[:-1], f"{what[-1]}={one}")
        except Unavailable as error:
            trouble = error
    raise trouble


def _build_library(folder, major):
    """folder/regress.so: the C functions that the tests call. Raises Unavailable."""
    include = f"{folder}/headers/usr/include/postgresql"
    _run(["cc", "-O1", "-fPIC", "-shared", "-w", f"-I{include}/{major}/server", f"-I{include}/internal", "-o",
          folder + "/regress.so", f"{folder}/{CORE}/regress.c"])
    shutil.rmtree(folder + "/headers")
