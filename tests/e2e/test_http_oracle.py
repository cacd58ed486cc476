"""Node's llhttp as a second reader of HTTP/1.1: what it refuses we never accept, and what both accept we frame alike."""

import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

import tap

FRAMES = os.environ.get("SALLYPORT_HTTP_FRAMES", "http_frames")
COUNT = 1_000_000 if tap.FULL else 20_000
BATCH = 20_000
# What says nothing about framing, and is refused further on or by policy: it knows a list of methods, we know tokens.
EXEMPT = {"HPE_INVALID_METHOD"}

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /a/b?c=d&e HTTP/1.1\r\nHost: h:80\r\nAccept: */*\r\nX-A:  b \t\r\n\r\n",
    b"\r\nHEAD /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET http://h/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    b"DELETE /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PATCH /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b;c=\"d\"\r\nx\r\n0A\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 7\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x\r\nabc\r\n0\r\nT: u\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 500 \r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
]
PIECES = [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b"\0", b":", b";", b",", b"0", b"1", b"f", b"+", b"-", b"\x0b", b"\x7f", b"\x80", b"\xff",
          b"%", b"?", b"\"", b"Content-Length: 3\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n",
          b"chunked", b"Host: h\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b" HTTP/1.1", b"HTTP/1.0", b"GET / HTTP/1.1\r\n",
          b"0\r\n\r\n", b"x" * 20, b"X-B: c\r\n d\r\n"]


def mutated(rng, stream):
    stream = bytearray(stream)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        at = rng.randrange(len(stream) + 1)
        match rng.randrange(5):
            case 0: stream[at:at] = rng.choice(PIECES)
            case 1: stream[at:at + 1] = rng.choice(PIECES)
            case 2: del stream[at:at + rng.choice([1, 1, 2, 5])]
            case 3: stream[at:at] = stream[at:at + rng.randrange(1, 30)]
            case 4: stream[at:at + 1] = bytes([rng.randrange(256)])
    return bytes(stream)


def made(rng):
    if rng.random() < 0.65:
        return "Q", b"".join(mutated(rng, rng.choice(REQUESTS)) for _ in range(rng.choice([1, 1, 2, 3])))
    return rng.choice("RRRH"), mutated(rng, rng.choice(RESPONSES))


@unittest.skipUnless(shutil.which("node"), "node is not installed")
class Oracle(unittest.TestCase):
    def both(self, cases):
        """What we say of each, and what llhttp says."""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for kind, stream in cases:
                file.write(json.dumps({"kind": kind, "stream": stream.hex()}) + "\n")
            file.flush()
            theirs = subprocess.run(["node", "--no-deprecation", os.path.join(os.path.dirname(__file__), "http_oracle.js"), file.name],
                                    capture_output=True, timeout=900, check=True).stdout
        ours = subprocess.run([FRAMES], input=b"".join(kind.encode() + len(stream).to_bytes(4, "little") + stream for kind, stream in cases),
                              capture_output=True, timeout=900, check=True).stdout
        ours, theirs = [[json.loads(line) for line in out.decode().splitlines()] for out in (ours, theirs)]
        self.assertEqual((len(cases), len(cases)), (len(ours), len(theirs)))
        return zip(ours, theirs)

    def test_framing(self):
        """over a generated corpus nothing is accepted that llhttp refuses, and all that both accept is framed alike"""
        seed = int(os.environ.get("SALLYPORT_SEED", random.randrange(1 << 32)))
        print(f"# SALLYPORT_SEED={seed}", flush=True)
        rng = random.Random(seed)
        accepted = stricter = 0
        for _ in range(0, COUNT, BATCH):
            cases = [made(rng) for _ in range(BATCH)]
            for (kind, stream), (ours, theirs) in zip(cases, self.both(cases)):
                what = f"{kind} {stream!r}\nours {ours}\ntheirs {theirs}"
                if theirs["fault"] in EXEMPT:
                    continue
                if not ours["fault"] and (ours["whole"] or kind != "Q"):
                    self.assertEqual("", theirs["fault"], what)
                    self.assertEqual(theirs["messages"], ours["messages"], what)
                    accepted += 1
                    continue
                # What went before the fault is theirs as well.
                self.assertEqual(theirs["messages"][:len(ours["messages"])], ours["messages"], what)
                stricter += not theirs["fault"]
        print(f"# figure: http framing: {COUNT} streams, {accepted} accepted by both and framed alike, {stricter} that llhttp accepts refused by us", flush=True)
        self.assertGreater(accepted, COUNT / 10)


if __name__ == "__main__":
    tap.main()
