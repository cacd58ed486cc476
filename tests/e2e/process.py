"""Child processes that never outlive the test."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

_libc = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(args, user=None, **kwargs):
    """Popen; as the operating system's `user` where the test is root."""
    if user and os.geteuid() == 0:
        kwargs |= {"user": user, "group": user, "extra_groups": []}
    return subprocess.Popen(args, preexec_fn=_die_with_parent, **kwargs)


def stop(process, how=signal.SIGTERM, timeout=120):
    """Ends a process that was started here, and reaps it; returns its status."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{process.args[0]} did not end within {timeout} s of signal {how}")
    return process.returncode


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, what, timeout=180, pause=0.05):
    """Waits until `condition()` is true; returns its value. `timeout` only ends a test that has failed."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(pause)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
