"""The browser on a terminal: how soon it paints and lists, how fast keys are, what it costs when nothing happens."""

import os
import re
import shutil
import statistics
import subprocess
import time

from common import MIB, Probe, Stage, percentile, spread, table
from support import Server


def paint(bench):
    with Stage(Server()) as stage:
        times = []
        for _ in range(5 * bench.rounds):
            probe = Probe(stage.home, ".", "real:")
            times.append(probe.since_start(r"\S"))
            probe.close()
    table("start to first paint, ms", ["browser", "median (range)"], [["twinpail", spread(times, 1)]])


def listing(bench):
    last_key, results = f"key-{bench.keys - 1:06}", {}
    with Stage(Server()) as stage:
        seed_keys(stage, bench.keys)
        for _ in range(bench.rounds):
            for name, start in {"twinpail": twinpail_on_keys, "stu": stu_on_keys}.items():
                if name == "stu" and not shutil.which("stu") or not bench.picks(name):
                    continue
                probe = start(stage)
                rows = probe.since_start("key-0000")
                probe.quiet()
                if name == "twinpail":
                    probe.press("tab")
                begin = time.monotonic()
                probe.press("G")
                probe.wait_for(lambda: last_key in probe.text(), last_key)
                last = (probe.last - begin) * 1000
                probe.quiet()
                results.setdefault(name, []).append((rows, last, probe.peak()))
                probe.close()
    table(
        f"{bench.keys:,} keys under one prefix",
        ["browser", "first rows ms", "then to the last key ms", "peak RSS MiB"],
        [[name, *map(spread, zip(*runs), [0, 0, 1])] for name, runs in results.items()],
    )


def seed_keys(stage, count):
    tiny = stage.home.path("tiny")
    with open(tiny, "w") as file:
        file.write("x" * 64)
    stage.client.create_bucket(Bucket="keys")
    lines = "".join(f"cp {tiny} s3://keys/flat/key-{i:06}\n" for i in range(count))
    command = ["s5cmd", "--log", "error", "--numworkers", "64", "run"]
    subprocess.run(command, input=lines.encode(), env=stage.environment, check=True)


def twinpail_on_keys(stage):
    return Probe(stage.home, ".", "real:keys/flat/")


def stu_on_keys(stage):
    arguments = ["--region", "us-east-1", "--path-style", "always", "--bucket", "keys", "--prefix", "flat/"]
    stu = shutil.which("stu")
    return Probe(stage.home, "--endpoint-url", stage.endpoint, *arguments, binary=stu, **stage.environment)


def filtering(bench):
    results = {}
    with Stage(Server()) as stage:
        folder = stage.folder()
        for i in range(bench.keys):
            open(os.path.join(folder, f"IMG_{i:08}-holiday.jpg"), "w").close()
        probe = Probe(stage.home, folder, "real:")
        probe.since_start("IMG_00000000")
        probe.quiet()
        for text in ["9999", "zebra", "*.png", "~i9h"]:
            for _ in range(bench.rounds):
                probe.press("/")
                for end in range(1, len(text) + 1):
                    results.setdefault(text[:end], []).append(typed(probe, text[:end]))
                probe.press("esc")
                probe.wait_for(lambda: "filter" not in screen(probe), "the whole listing")
        probe.close()
    table(
        f"a letter typed into the filter of {bench.keys:,} files, ms",
        ["filter so far", "to its first rows", "to all"],
        [[f"`{text}`", *map(spread, zip(*runs), [1, 1])] for text, runs in results.items()],
    )


def typed(probe, text):
    """Types the last letter of a filter."""
    count, start = shown(probe), time.monotonic()
    probe.press(text[-1])
    probe.wait_for(lambda: f" filter: {text} " in screen(probe) and (shown(probe) != count or is_done(probe)), text)
    first = probe.last - start
    probe.wait_for(lambda: is_done(probe), text)
    return first * 1000, (probe.last - start) * 1000


def screen(probe):
    """All but the keys, one of which is the filter's."""
    return "\n".join(probe.text().rstrip("\n").split("\n")[:-1])


def shown(probe):
    """What the title of the left pane says about its rows."""
    return re.search(r"([\d,]+)( of [\d,]+)?( filtering)? \S", screen(probe)).group(1)


def is_done(probe):
    return "filtering" not in screen(probe)


def keys(bench):
    with Stage(Server()) as stage:
        stage.client.create_bucket(Bucket="few")
        for i in range(200):
            stage.client.put_object(Bucket="few", Key=f"f/{i:04}", Body=b"x")
        probe = Probe(stage.home, ".", "real:few/f/")
        probe.since_start("0000")
        probe.press("tab")
        probe.quiet()
        idle = times_and_sizes([result for result in (probe.key("j") for _ in range(60)) if result])
        probe.close()
        busy, control = keys_while_busy(stage, bench.size // 4)
    rows = [
        [name, f"{p50:.1f}", f"{p95:.1f}", f"{size:.0f}", most]
        for name, (p50, p95, size, most) in {
            "idle": idle, "8 files up, 8 down": busy, "the same, `cat` instead of twinpail": control,
        }.items()
    ]  # fmt: skip
    table("key to finished frame", ["while", "p50 ms", "p95 ms", "bytes a frame", "most"], rows)


def times_and_sizes(pressed):
    times, sizes = zip(*pressed)
    return percentile(times, 0.5), percentile(times, 0.95), statistics.median(sizes), max(sizes)


def busy_browser(stage, size):
    """A browser that uploads eight and downloads eight files."""
    for folder in ["up", "down"]:
        os.makedirs(stage.home.path(folder), exist_ok=True)
    stage.client.create_bucket(Bucket="busy")
    for i in range(8):
        with open(stage.home.path("up", f"u{i}"), "wb") as file:
            file.write(os.urandom(MIB) * (size // MIB))
        stage.client.upload_file(stage.home.path("up", f"u{i}"), "busy", f"d/d{i}")
    probe = Probe(stage.home, "up", "real:busy/u/")
    probe.since_start("u7")
    probe.press("a", "c")
    probe.wait("1 running")
    # Now both panes elsewhere: what is remote comes down.
    for pane, place, there in [(0, stage.home.path("down"), "~/down "), (1, "real:busy/d/", "d7")]:
        probe.press(*["tab"] * pane, "\x07")
        probe.wait("Go to")
        probe.press(place, "enter")
        probe.wait(re.escape(there))
    probe.press("a", "c")
    probe.wait("2 running")
    return probe


def keys_while_busy(stage, size):
    probe = busy_browser(stage, size)
    # What a program costs that only repeats each key: the share of the machine and of this script.
    control = Probe(stage.home, "-c", "stty raw -echo; exec cat", binary="/bin/sh")
    pressed, repeated = [], []
    while "2 running" in probe.text():
        for terminal, results in [(probe, pressed), (control, repeated)]:
            start, before = time.monotonic(), terminal.bytes
            terminal.press("j" if len(pressed) % 14 < 7 else "k")
            if terminal.pump(5):
                results.append(((terminal.last - start) * 1000, terminal.bytes - before))
            while terminal.pump(0.01) and time.monotonic() - start < 0.05:
                pass
    control.close()
    probe.close()
    if len(pressed) < 40:
        raise SystemExit(f"the transfers ended after {len(pressed)} keys: a larger --size is needed")
    return times_and_sizes(pressed), times_and_sizes(repeated)


def idle(_):
    with Stage(Server()) as stage:
        probe = Probe(stage.home, ".", "real:")
        probe.since_start(r"\S")
        probe.quiet(1.0)
        cpu, before, end = probe.cpu(), probe.bytes, time.monotonic() + 10
        while time.monotonic() < end:
            probe.pump(0.5)
        rows = [["twinpail", probe.bytes - before, f"{probe.cpu() - cpu:.2f}", f"{probe.peak():.1f}"]]
        probe.close()
    table("ten idle seconds", ["browser", "bytes written", "CPU s", "peak RSS MiB"], rows)
