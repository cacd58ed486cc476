"""Debian's Chromium without a window, spoken to over its DevTools pipe (Chrome DevTools Protocol; JSON messages that end with a
zero byte), so that pages are tried as people meet them."""

import json
import os
import select
import shutil
import tempfile
import time
import unittest

import process


class Browser:
    """One tab. `errors`: what pages threw, and what their policies refused."""

    def __init__(self, *flags):
        program = shutil.which("chromium")
        if not program:
            raise unittest.SkipTest("chromium is not installed")
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-")
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        script = 'exec 3<&"$0" 4>&"$1"; shift; exec "$@"'  # the pipe is expected at 3 and 4
        self._child = process.start(
            ["bash", "-c", script, str(to_read), str(to_write), program, "--headless=new", "--no-sandbox", "--disable-gpu",
             "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             "--user-data-dir=" + self.folder, "--remote-debugging-pipe", *flags, "about:blank"],
            pass_fds=(to_read, to_write), stdin=-3, stdout=-3, stderr=-3,
            env={key: value for key, value in os.environ.items() if "proxy" not in key.lower()} | {"HOME": self.folder})
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._number, self._events, self.errors = b"", 0, [], []
        self._session = None
        try:
            page = process.until(lambda: next((t for t in self._call("Target.getTargets")["targetInfos"] if t["type"] == "page"), None), "a tab")
            self._session = self._call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self._call(domain + ".enable")
        except BaseException:
            self.close()
            raise

    def close(self):
        process.stop(self._child, 9)
        for fd in (self._read, self._write):
            os.close(fd)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, method, **params):
        self._number += 1
        sent = {"id": self._number, "method": method, "params": params}
        if self._session:
            sent["sessionId"] = self._session
        os.write(self._write, json.dumps(sent).encode() + b"\0")
        while True:
            got = self._message()
            if got.get("id") == self._number:
                assert "error" not in got, (method, got["error"])
                return got["result"]

    def _message(self):
        end = time.monotonic() + 60
        while b"\0" not in self._buffer:
            assert select.select([self._read], [], [], max(end - time.monotonic(), 0))[0], "chromium does not answer"
            part = os.read(self._read, 1 << 16)
            assert part, "chromium has ended"
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        got = json.loads(text)
        if got.get("method") == "Runtime.exceptionThrown":
            self.errors.append(got["params"]["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif got.get("method") == "Log.entryAdded" and got["params"]["entry"]["level"] == "error":
            self.errors.append(got["params"]["entry"]["text"])
        elif got.get("method") == "Network.requestWillBeSent":
            self._events.append(got["params"]["request"]["url"])
        return got

    @property
    def requested(self):
        """The URLs that pages asked for."""
        return list(self._events)

    def phone(self):
        """A small screen with touch."""
        self._call("Emulation.setDeviceMetricsOverride", width=360, height=640, deviceScaleFactor=2, mobile=True)

    def go(self, url):
        self._call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script):
        """The value of an expression in the page."""
        got = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def until(self, script, timeout=60):
        return process.until(lambda: self.run(script), script, timeout=timeout)

    def type(self, selector, text):
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self._call("Input.insertText", text=text)

    def click(self, selector):
        """Where a finger would: refused if something else lies there or it is out of sight."""
        box = self.run(f"""(() => {{ const it = document.querySelector({json.dumps(selector)}); it.scrollIntoView({{block: "center"}});
            const r = it.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
            return it.contains(document.elementFromPoint(x, y)) ? [x, y] : null; }})()""")
        assert box, selector + " cannot be reached"
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def is_shown(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}).checkVisibility()")
