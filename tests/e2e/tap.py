"""Runs unittest cases and prints TAP 13, so that meson counts single tests."""

import os
import signal
import sys
import time
import traceback
import unittest

FULL = os.environ.get("SALLYPORT_FULL") == "1"


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.failed = False

    def _line(self, good, test, note="", trouble=""):
        self.count += 1
        for line in trouble.splitlines():
            print("# " + line)
        sys.stderr.write(trouble)  # which the runner shows of a test that failed
        name = test.shortDescription() or str(test)
        print(f"{'ok' if good else 'not ok'} {self.count} - {name.replace('#', '')}{note}", flush=True)
        self.failed |= not good

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def addSuccess(self, test):
        self._line(True, test)
        print(f"# {time.monotonic() - self.started:.1f} s", flush=True)

    def addFailure(self, test, err):
        self._line(False, test, trouble="".join(traceback.format_exception(*err)))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._line(False, subtest, trouble="".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        self._line(True, test, note=f" # SKIP {reason}")


def main():
    """Runs all cases of the calling program, or those that its arguments name."""
    # A test that is told to end still takes down what it started.
    def end(*_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(143)

    signal.signal(signal.SIGTERM, end)
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    if len(sys.argv) > 1:
        wanted = sys.argv[1:]
        loader.testNamePatterns = [f"*{name}*" for name in wanted]
    suite = loader.loadTestsFromModule(module)
    result = _Result()
    print("TAP version 13", flush=True)
    suite.run(result)
    print(f"1..{result.count}", flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1 if result.failed else 0)
