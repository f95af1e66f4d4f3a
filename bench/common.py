"""What all parts stand on: a server with its surroundings, one command measured, tables, a terminal with a clock."""

import dataclasses
import functools
import itertools
import os
import queue
import re
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import support

# The thread that notes when bytes come must not wait for the one that reads them.
sys.setswitchinterval(0.0002)

MIB = 1 << 20
DEADLINE = 900  # seconds for one command; one that hangs must not take the night


@dataclasses.dataclass
class Bench:
    """What was asked for on the command line, and what went wrong so far."""

    rounds: int
    size: int
    files: int
    keys: int
    tools: list
    sources: object
    failures: list = dataclasses.field(default_factory=list)

    def picks(self, name):
        return not self.tools or any(name.startswith(tool) for tool in self.tools)


class Failed(Exception):
    """A tool did not do its work; it has no row, and the others go on."""


def note(text):
    print(f"# {text}", file=sys.stderr, flush=True)


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def amount(size):
    """`1 GiB` for whole units, bytes otherwise."""
    for unit, factor in {"GiB": 1 << 30, "MiB": MIB, "KiB": 1 << 10}.items():
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} bytes"


def table(title, head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]

    def line(row):
        return "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |"

    print(f"\n### {title}\n\n{line(head)}\n|{'|'.join('-' * (w + 2) for w in widths)}|")
    print("\n".join(line(row) for row in rows), flush=True)


@dataclasses.dataclass
class Run:
    wall: float  # seconds
    cpu: float  # seconds, user and system
    rss: float  # MiB at most


def measured(command, environment, folder, flush=None):
    """Runs one command. With `flush`, the clock stops when the file system of that folder is on disk."""
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        peaks = watched(process, start + DEADLINE)
        _, status, usage = os.wait4(process.pid, 0)
        if flush:
            subprocess.run(["sync", "-f", flush], check=True)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise Failed(f"exit {process.returncode}: {errors.read().decode(errors='replace').strip()[-600:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, sum(peaks.values()) / 1024)


def watched(process, end):
    """The peak RSS (KiB) of a process and of each of its children, looked at every 10 ms until it is over.

    `ru_maxrss` of wait4 cannot tell: it begins with the size of the process that forked, which is this one.
    """
    peaks, over = {}, os.pidfd_open(process.pid)
    try:
        while True:
            for pid in [process.pid, *children(process.pid)]:
                peaks[pid] = max(peaks.get(pid, 0), status_of(pid, "VmHWM"))
            if select.select([over], [], [], 0.01)[0]:
                return peaks
            if time.monotonic() > end:
                process.kill()
    finally:
        os.close(over)


def children(pid):
    """Those of the main thread, which is where a launcher has its own."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def status_of(pid, field):
    """A field of /proc/PID/status in KiB; 0 when the process is over."""
    try:
        with open(f"/proc/{pid}/status") as file:
            found = re.search(rf"{field}:\s+(\d+)", file.read())
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


class Stage:
    """A server, a home folder that knows it as `real`, and an environment in which every tool reaches it.

    `endpoint`: another way to the same server. `more`: endpoints that the home folder knows by these names.
    """

    def __init__(self, server, endpoint=None, certificate=None, **more):
        self.server, self.endpoint = server, endpoint or server.endpoint
        self.remotes = {"real": self.endpoint, **more}
        self.home = support.Home(self.endpoint, **more)
        trust = {"SSL_CERT_FILE": certificate, "AWS_CA_BUNDLE": certificate} if certificate else {}
        self.environment = self.home.environment(
            AWS_ACCESS_KEY_ID=support.ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY=support.SECRET_ACCESS_KEY,
            AWS_REGION="us-east-1", AWS_ENDPOINT_URL=self.endpoint, S3_ENDPOINT_URL=self.endpoint, **trust,
        )  # fmt: skip
        self.numbers = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.home.remove()
        self.server.stop()

    @functools.cached_property
    def client(self):
        return support.client(self.server.endpoint)

    def url(self, method, bucket, key):
        """A presigned URL, for tools that do not sign."""
        there = {"Bucket": bucket, "Key": key}
        return support.client(self.endpoint).generate_presigned_url(method, there, ExpiresIn=3600)

    def bucket(self):
        """A new bucket that has been written to: the first object makes SeaweedFS allot volumes.

        Deleting it gives the disk back at once, which deleting objects does not.
        """
        name = f"bench-{next(self.numbers)}"
        self.client.create_bucket(Bucket=name)
        self.client.put_object(Bucket=name, Key="first", Body=b"x")
        return name

    def folder(self):
        path = self.home.path(f"target-{next(self.numbers)}")
        os.mkdir(path)
        return path

    def run(self, command):
        """What prepares a measurement must not fail."""
        subprocess.run(command, env=self.environment, cwd=self.home.folder, check=True, stdout=subprocess.DEVNULL)


class Probe(support.Terminal):
    """A terminal that notes when bytes came: a thread takes them, so that what is done with the last ones costs nothing."""

    def __init__(self, home, *arguments, **options):
        self.bytes, self.last, self.started = 0, None, time.monotonic()
        self.came = queue.SimpleQueue()
        super().__init__(home, *arguments, **options)
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                data = os.read(self.fd, 1 << 20)
            except OSError:
                data = b""
            self.came.put((time.monotonic(), data))
            if not data:
                return

    def pump(self, wait=0.5):
        before = len(self.raw)
        try:
            at, data = self.came.get(timeout=wait)
        except queue.Empty:
            return False
        self.feed(data)
        grown = len(self.raw) - before
        if grown:
            self.last = at
            self.bytes += grown
            # Some programs ask the terminal where its cursor is, and wait for the answer.
            if b"\x1b[6n" in self.raw[before:]:
                os.write(self.fd, b"\x1b[1;1R")
        return grown > 0

    def since_start(self, pattern):
        """Milliseconds from start until the screen matches."""
        self.wait_for(lambda: re.search(pattern, self.text()), pattern)
        return (self.last - self.started) * 1000

    def quiet(self, gap=0.2):
        while self.pump(gap):
            pass

    def key(self, key, gap=0.03):
        """Milliseconds from a key to the last byte of the burst that follows, and its bytes."""
        start, before = time.monotonic(), self.bytes
        self.press(key)
        if not self.pump(5):
            return None
        while self.pump(gap):
            pass
        return (self.last - start) * 1000, self.bytes - before

    def peak(self):
        """Peak RSS in MiB."""
        return status_of(self.pid, "VmHWM") / 1024

    def cpu(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
