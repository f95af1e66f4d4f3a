"""Measures twinpail beside other tools against one SeaweedFS; called by bench/compare."""

import argparse
import filecmp
import os
import re
import select
import shutil
import statistics
import subprocess
import sys
import time

import support

MIB = 1 << 20
PARTS = ["paint", "listing", "keys", "idle", "transfer"]


def settle():
    """Lets dirty pages of the last run be written, so that they are not the next run's cost."""
    subprocess.run(["sync"], check=False)


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(title, head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]

    def line(row):
        return "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |"

    print(f"\n### {title}\n\n{line(head)}\n|{'|'.join('-' * (w + 2) for w in widths)}|")
    print("\n".join(line(row) for row in rows), flush=True)


def measured(command, environment, folder):
    """Wall seconds, CPU seconds, peak RSS in MiB of one command."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command}: exit {process.returncode}\n{errors.decode()[-600:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Probe(support.Terminal):
    """A terminal that notes when bytes came."""

    def __init__(self, home, command, **options):
        self.bytes, self.last, self.started = 0, None, time.monotonic()
        self.command = command
        super().__init__(home, *command[1:], **options)

    def pump(self, wait=0.5):
        before = len(self.raw)
        ready, _, _ = select.select([self.fd], [], [], wait)
        if ready:
            super().pump()
        grown = len(self.raw) - before
        if grown:
            self.last = time.monotonic()
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

    def status(self, field):
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(rf"{field}:\s+(\d+)", file.read()).group(1)) / 1024

    def cpu(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, rounds, keys):
        self.rounds, self.count = rounds, keys
        self.server = support.server()
        self.home = support.Home(self.server.endpoint)
        self.environment = self.home.environment(
            AWS_ACCESS_KEY_ID=support.ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY=support.SECRET_ACCESS_KEY,
            AWS_REGION="us-east-1", AWS_ENDPOINT_URL=self.server.endpoint, S3_ENDPOINT_URL=self.server.endpoint,
        )  # fmt: skip

    def twinpail(self, *arguments):
        return Probe(self.home, [support.BINARY, *arguments])

    def paint(self):
        times = []
        for _ in range(5 * self.rounds):
            probe = self.twinpail(".", "real:")
            times.append(probe.since_start(r"\S"))
            probe.close()
        table("start to first paint, ms", ["browser", "median (range)"], [["twinpail", spread(times, 1)]])

    def seed_keys(self):
        tiny = self.home.path("tiny")
        with open(tiny, "w") as file:
            file.write("x" * 64)
        self.server.client().create_bucket(Bucket="keys")
        lines = "".join(f"cp {tiny} s3://keys/flat/key-{i:06}\n" for i in range(self.count))
        subprocess.run(
            ["s5cmd", "--log", "error", "--numworkers", "64", "run"], input=lines.encode(), env=self.environment, check=True
        )

    def listing(self):
        self.seed_keys()
        stu = shutil.which("stu")
        stu_command = [
            "stu", "--endpoint-url", self.server.endpoint, "--region", "us-east-1", "--path-style", "always",
            "--bucket", "keys", "--prefix", "flat/",
        ]  # fmt: skip
        results = {}
        for _ in range(self.rounds):
            for name in ["twinpail", "stu"]:
                if name == "stu" and not stu:
                    continue
                probe = self.twinpail(".", "real:keys/flat/") if name == "twinpail" else self.other(stu, stu_command)
                rows = probe.since_start("key-0000")
                probe.quiet()
                if name == "twinpail":
                    probe.press("tab")
                start = time.monotonic()
                probe.press("G")
                probe.wait_for(lambda: f"key-{self.count - 1:06}" in probe.text(), "last key")
                last = (probe.last - start) * 1000
                probe.quiet()
                results.setdefault(name, []).append((rows, last, probe.status("VmHWM")))
                probe.close()
        table(
            f"{self.count:,} keys under one prefix", ["browser", "first rows ms", "then to the last key ms", "peak RSS MiB"],
            [[n, spread([v[0] for v in r], 0), spread([v[1] for v in r], 0), spread([v[2] for v in r], 1)] for n, r in results.items()],
        )  # fmt: skip

    def other(self, path, command):
        ours, support.BINARY = support.BINARY, path
        self.home.environment, kept = (lambda **more: {**self.environment, **more}), self.home.environment
        try:
            return Probe(self.home, command)
        finally:
            support.BINARY, self.home.environment = ours, kept

    def keys_to_frames(self, probe, count=60):
        pressed = [probe.key("j") for _ in range(count)]
        return self.times_and_sizes([result for result in pressed if result])

    def times_and_sizes(self, pressed):
        times, sizes = [t for t, _ in pressed], [s for _, s in pressed]
        return percentile(times, 0.5), percentile(times, 0.95), statistics.median(sizes), max(sizes)

    def keys(self):
        self.server.client().create_bucket(Bucket="few")
        for i in range(200):
            self.server.client().put_object(Bucket="few", Key=f"f/{i:04}", Body=b"x")
        probe = self.twinpail(".", "real:few/f/")
        probe.since_start("0000")
        probe.press("tab")
        probe.quiet()
        idle = self.keys_to_frames(probe)
        probe.close()
        row = lambda name, r: [name, f"{r[0]:.1f}", f"{r[1]:.1f}", f"{r[2]:.0f}", r[3]]
        busy, control = self.keys_while_busy()
        rows = [row("idle", idle), row("8 files up, 8 down", busy), row("the same, `cat` instead of twinpail", control)]
        table("key to finished frame", ["while", "p50 ms", "p95 ms", "bytes a frame", "most"], rows)

    def keys_while_busy(self):
        """One browser uploads eight and downloads eight files of 256 MiB while keys are pressed."""
        for folder in ["up", "down"]:
            os.makedirs(self.home.path(folder), exist_ok=True)
        for i in range(8):
            with open(self.home.path("up", f"u{i}"), "wb") as file:
                file.write(os.urandom(MIB) * 256)
        client = self.server.client()
        client.create_bucket(Bucket="busy")
        for i in range(8):
            client.upload_file(self.home.path("up", f"u{i}"), "busy", f"d/d{i}")
        probe = self.twinpail("up", "real:busy/u/")
        probe.since_start("u7")
        probe.press("a", "c")
        probe.wait("1 running")
        # Now both panes elsewhere: what is remote comes down.
        for pane, place, there in [(0, self.home.path("down"), "~/down "), (1, "real:busy/d/", "d7")]:
            probe.press(*["tab"] * pane, "\x07")
            probe.wait("Go to")
            probe.press(place, "enter")
            probe.wait(there)
        probe.press("a", "c")
        probe.wait("2 running")
        # What a program costs that only repeats each key: the share of the machine and of this script.
        control = self.other("/bin/sh", ["sh", "-c", "stty raw -echo; exec cat"])
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
            raise SystemExit(f"the transfers ended after {len(pressed)} keys; make the files larger")
        return self.times_and_sizes(pressed), self.times_and_sizes(repeated)

    def idle(self):
        probe = self.twinpail(".", "real:")
        probe.since_start(r"\S")
        probe.quiet(1.0)
        cpu, before, end = probe.cpu(), probe.bytes, time.monotonic() + 10
        while time.monotonic() < end:
            probe.pump(0.5)
        rows = [["twinpail", probe.bytes - before, f"{probe.cpu() - cpu:.2f}", f"{probe.status('VmHWM'):.1f}"]]
        probe.close()
        table("ten idle seconds", ["browser", "bytes written", "CPU s", "peak RSS MiB"], rows)

    def transfer(self):
        source = self.home.path("src")
        os.makedirs(f"{source}/small")
        with open(f"{source}/1g", "wb") as file:
            for _ in range(1024):
                file.write(os.urandom(MIB))
        for i in range(2000):
            with open(f"{source}/small/f-{i:04}", "wb") as file:
                file.write(os.urandom(16384))
        self.server.client().create_bucket(Bucket="xfer")
        s5 = ["s5cmd", "--log", "error"]
        subprocess.run([*s5, "cp", f"{source}/1g", "s3://xfer/seed/1g"], env=self.environment, check=True)
        subprocess.run([*s5, "cp", f"{source}/small/", "s3://xfer/seed/small/"], env=self.environment, check=True)
        rclone = [
            "rclone", "--config", "/dev/null", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint",
            self.server.endpoint, "--s3-force-path-style", "--s3-region", "us-east-1", "--s3-no-check-bucket",
            "--transfers", "32", "--checkers", "32", "--s3-chunk-size", "16M", "--s3-upload-concurrency", "8",
            "--multi-thread-streams", "8",
        ]  # fmt: skip
        ours = [support.BINARY]
        works = {
            "1 GiB up": (lambda d: [
                ("twinpail", [*ours, "cp", f"{source}/1g", "real:xfer/out/x"]),
                ("s5cmd", [*s5, "cp", f"{source}/1g", "s3://xfer/out/x"]),
                ("rclone tuned", [*rclone, "copyto", f"{source}/1g", ":s3:xfer/out/x"])]),
            "1 GiB down": (lambda d: [
                ("twinpail", [*ours, "cp", "real:xfer/seed/1g", f"{d}/x"]),
                ("s5cmd", [*s5, "cp", "s3://xfer/seed/1g", f"{d}/x"]),
                ("rclone tuned", [*rclone, "copyto", ":s3:xfer/seed/1g", f"{d}/x"])]),
            "2,000 x 16 KiB up": (lambda d: [
                ("twinpail", [*ours, "cp", "-r", f"{source}/small/", "real:xfer/out/x/"]),
                ("s5cmd", [*s5, "cp", f"{source}/small/", "s3://xfer/out/x/"]),
                ("rclone tuned", [*rclone, "copy", f"{source}/small", ":s3:xfer/out/x"])]),
            "2,000 x 16 KiB down": (lambda d: [
                ("twinpail", [*ours, "cp", "-r", "real:xfer/seed/small/", f"{d}/x/"]),
                ("s5cmd", [*s5, "cp", "s3://xfer/seed/small/*", f"{d}/x/"]),
                ("rclone tuned", [*rclone, "copy", ":s3:xfer/seed/small", f"{d}/x"])]),
        }  # fmt: skip
        rows, count = [], 0
        for work, commands in works.items():
            results = {}
            for turn in range(self.rounds):
                candidates = commands("")
                for offset in range(len(candidates)):
                    count += 1
                    target = self.home.path(f"dst-{count}")
                    os.makedirs(target)
                    name, command = commands(target)[(offset + turn) % len(candidates)]
                    subprocess.run([*s5, "rm", "s3://xfer/out/*"], env=self.environment, stderr=subprocess.DEVNULL, check=False)
                    settle()
                    results.setdefault(name, []).append(measured(command, self.environment, self.home.folder))
                    self.check(work, source, target)
                    shutil.rmtree(target)
            reference = statistics.median(r[0] for r in results["s5cmd"])
            for name, runs in results.items():
                wall = statistics.median(r[0] for r in runs)
                rows.append([
                    work, name, spread([r[0] for r in runs]), f"{wall / reference:.2f}",
                    f"{statistics.median(r[1] for r in runs):.2f}", f"{statistics.median(r[2] for r in runs):.0f}",
                ])  # fmt: skip
        table("cp", ["work", "tool", "wall s", "against s5cmd", "CPU s", "peak RSS MiB"], rows)

    def check(self, work, source, target):
        """The right bytes arrived: contents after a download, sizes and counts after an upload."""
        if work == "1 GiB down":
            assert filecmp.cmp(f"{source}/1g", f"{target}/x", shallow=False), work
        elif work.endswith("down"):
            names = os.listdir(f"{source}/small")
            assert filecmp.cmpfiles(f"{source}/small", f"{target}/x", names, shallow=False)[0].__len__() == 2000, work
        else:
            found = []
            for page in self.server.client().get_paginator("list_objects_v2").paginate(Bucket="xfer", Prefix="out/"):
                found += [entry["Size"] for entry in page.get("Contents", [])]
            assert sorted(found) == ([1 << 30] if work.startswith("1 GiB") else [16384] * 2000), (work, len(found))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=100_000)
    arguments = parser.parse_args()
    bench = Bench(arguments.rounds, arguments.keys)
    try:
        for part in arguments.parts or PARTS:
            if part not in PARTS:
                sys.exit(f"{part}: not one of {', '.join(PARTS)}")
            getattr(bench, part)()
    finally:
        bench.home.remove()


main()
