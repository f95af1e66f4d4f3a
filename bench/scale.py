"""Long listings, invented by a server that stores nothing; links by the ten thousand, and on the clipboard."""

import re
import time

import support
from browser import seed_keys
from common import Failed, Probe, Stage, measured, percentile, spread, table
from tools import Tool
from transfer import ROUND_TRIP, NullServer


class Lister(Tool):
    """A tool that lists everything below a prefix."""

    def takes(self, source):
        return True

    def __init__(self, name, *command):
        self.name, self.command = name, command


def timed(bench, stage, listers):
    """Seconds of each lister, in turns."""
    times, listers = {}, [one for one in listers if bench.picks(one.name) or one is listers[0]]
    for turn in range(bench.rounds):
        for one in listers[turn % len(listers) :] + listers[: turn % len(listers)]:
            try:
                run = measured(one.command, stage.environment, stage.home.folder)
            except (Failed, OSError) as error:
                bench.failures.append(f"{one.name}: {error}")
                continue
            times.setdefault(one.name, []).append(run)
    return times


def rows_of(times, beside):
    base = sorted(run.wall for run in times[beside])[len(times[beside]) // 2]
    for name, runs in times.items():
        walls = [run.wall for run in runs]
        ratio = sorted(walls)[len(walls) // 2] / base
        yield [name, spread(walls), f"{ratio:.2f}", spread([run.cpu for run in runs]), spread([run.rss for run in runs], 0)]


def far_listing(bench):
    """A flat prefix behind a round trip, by parallel segments and by everybody else."""
    keys = 10 * bench.keys
    # The server itself is late: a proxy of ours could not carry as much as is asked for.
    server = NullServer(64, keys, late=ROUND_TRIP)
    with Stage(server) as stage:
        stage.home.know("unordered", server.endpoint, "other")
        stage.home.know("ordered", server.endpoint, "minio")
        listers = [
            Lister("twinpail, keys in order", support.BINARY, "ls", "-r", "ordered:b/flat/"),
            Lister("twinpail, keys in no order", support.BINARY, "ls", "-r", "unordered:b/flat/"),
            Lister("s5cmd", "s5cmd", "ls", "s3://b/flat/*"),
            Lister("rclone", "rclone", "lsf", "--fast-list", "-R", ":s3,provider=Other,env_auth,force_path_style:b/flat/"),
        ]
        times = timed(bench, stage, listers)
        probe = Probe(stage.home, ".", "ordered:b/flat/")
        first = probe.since_start("key-0000000")
        loaded = to_the_end(probe, keys)
        peak = probe.peak()
        probe.close()
    title = f"{keys:,} keys of a flat prefix, {ROUND_TRIP * 1000:.0f} ms round trip"
    table(title, ["lister", "wall s", "x twinpail", "CPU s", "peak RSS MiB"], list(rows_of(times, listers[0].name)))
    head = ["first rows ms", "all rows ms", "peak RSS MiB"]
    table(f"{title}: the browser", head, [[f"{first:.0f}", f"{loaded:.0f}", f"{peak:.1f}"]])


def to_the_end(probe, keys):
    """Milliseconds from `G` to the last of the keys."""
    probe.press("tab")
    probe.quiet()
    begin, last = time.monotonic(), f"key-{keys - 1:07}"
    probe.press("G")
    probe.wait_for(lambda: last in probe.text(), last)
    return (probe.last - begin) * 1000


def near_listing(bench):
    """A flat prefix of a real server."""
    with Stage(support.Server()) as stage:
        seed_keys(stage, bench.keys)
        listers = [
            Lister("twinpail", support.BINARY, "ls", "-r", "real:keys/flat/"),
            Lister("s5cmd", "s5cmd", "ls", "s3://keys/flat/*"),
            Lister("rclone", "rclone", "lsf", "--fast-list", "-R", ":s3,provider=Other,env_auth,force_path_style:keys/flat/"),
        ]
        times = timed(bench, stage, listers)
    title = f"{bench.keys:,} keys of a flat prefix, SeaweedFS"
    table(title, ["lister", "wall s", "x twinpail", "CPU s", "peak RSS MiB"], list(rows_of(times, listers[0].name)))


def scale(bench):
    """The browser on ten times as many keys as `--keys`, all of them loaded."""
    keys = 10 * bench.keys
    server = NullServer(64, keys)
    with Stage(server) as stage:
        stage.home.know("near", server.endpoint, "minio")
        probe = Probe(stage.home, ".", "near:b/flat/")
        first = probe.since_start("key-0000000")
        loaded = to_the_end(probe, keys)
        probe.quiet()
        peak = probe.peak()
        moves = [probe.key("k")[0] for _ in range(60)]
        probe.press("g")
        probe.quiet()
        probe.press("/")
        probe.quiet()
        typed = [until(probe, letter, pattern) for letter, pattern in zip("9999", ["\\D9", "99", "999", "9999"])]
        probe.press("esc")
        probe.quiet()
        # All sizes differ, in no order; the cursor stays on its key, which is the smallest.
        sized = until(probe, "s", r"key-0000000 .*\n└")
        probe.quiet(1.0)
        ordered = until(probe, "S", r"┌.*\n.*key-0000000 ")
        probe.close()
    rows = [
        [f"{first:.0f}", f"{loaded:.0f}", f"{percentile(moves, 0.95):.1f}", f"{max(typed):.1f}", f"{sized:.0f}", f"{ordered:.0f}", f"{peak:.1f}"]
    ]  # fmt: skip
    head = ["first rows ms", "all rows ms", "key to frame p95 ms", "filter letter, most ms", "by size ms", "reversed ms", "peak RSS MiB"]
    table(f"the browser on {keys:,} keys", head, rows)


def until(probe, key, pattern):
    """Milliseconds from a key to a screen with that in it, and with another frame than before."""
    begin, before = time.monotonic(), probe.bytes
    probe.press(key)
    probe.wait_for(lambda: probe.bytes > before and re.search(pattern, probe.text()), pattern)
    return (probe.last - begin) * 1000


def links(bench):
    """Signing every object below a prefix beside listing it, and two keys to the clipboard."""
    with Stage(support.Server()) as stage:
        seed_keys(stage, bench.keys // 10)
        listers = [
            Lister("twinpail ls -r", support.BINARY, "ls", "-r", "real:keys/flat/"),
            Lister("twinpail presign -r", support.BINARY, "presign", "-r", "real:keys/flat/"),
        ]
        times = timed(bench, stage, listers)
        probe = Probe(stage.home, ".", "real:keys/flat/", SSH_CONNECTION="127.0.0.1 1 127.0.0.1 2")
        probe.since_start("key-000000")
        probe.press("tab")
        probe.quiet()
        copies = []
        for _ in range(20):
            begin, before = time.monotonic(), probe.raw.count(b"\x1b]52;c;")
            probe.press("y")
            probe.wait_for(lambda: probe.raw.count(b"\x1b]52;c;") > before, "OSC 52")
            copies.append((probe.last - begin) * 1000)
            probe.wait("Esc close")
            probe.press("esc")
            probe.wait_gone("Esc close")
        probe.close()
    title = f"{bench.keys // 10:,} links"
    table(title, ["command", "wall s", "x ls -r", "CPU s", "peak RSS MiB"], list(rows_of(times, listers[0].name)))
    table("y to the clipboard's bytes", ["first ms", "then p50 ms", "p95 ms"],
          [[f"{copies[0]:.1f}", f"{percentile(copies[1:], 0.5):.1f}", f"{percentile(copies[1:], 0.95):.1f}"]])  # fmt: skip
