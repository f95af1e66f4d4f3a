"""Tools side by side: what they copy, a fresh target for every run, whether the right bytes arrived, the table."""

import dataclasses
import filecmp
import functools
import hashlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time

from common import MIB, Failed, Run, amount, measured, note, spread, table


@dataclasses.dataclass(frozen=True)
class Source:
    """One file, or one flat folder of files."""

    name: str
    path: str
    tree: bool

    @functools.cached_property
    def digests(self):
        """Name to size and MD5 of each file of a folder: what a listing says about objects sent in one piece."""
        found = {}
        for entry in os.scandir(self.path):
            with open(entry.path, "rb") as file:
                data = file.read()
            found[entry.name] = (len(data), hashlib.md5(data).hexdigest())
        return found


class Sources:
    """Random files, made when first asked for and shared by all parts."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bench-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, size):
        path = f"{self.folder}/{size}"
        if not os.path.exists(path):
            write(path, size)
        return Source(amount(size), path, False)

    def tree(self, count, each):
        path = f"{self.folder}/{count}x{each}"
        if not os.path.exists(path):
            os.mkdir(path)
            for i in range(count):
                write(f"{path}/f-{i:05}", each)
        return Source(f"{count:,} x {amount(each)}", path, True)


def write(path, size):
    """Random bytes, a day old: to a sync, what is as young as its copy looks changed."""
    with open(path, "wb") as file:
        for at in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - at)))
    yesterday = time.time() - 24 * 3600
    os.utime(path, (yesterday, yesterday))


class Upload:
    """Into a new bucket each time. `aims`: the ratio to reach, by the tool that is compared with."""

    flush = False

    def __init__(self, stage, source, tools, aims=None):
        self.stage, self.source, self.aims = stage, source, aims or {}
        self.tools = [tool for tool in tools if tool.takes(source)]
        self.name = f"{source.name} up"

    def fresh(self):
        return self.stage.bucket()

    def command(self, tool, bucket):
        return tool.up(self.source, bucket, "out")

    def check(self, bucket):
        """The objects hold the bytes, by the word of another client."""
        same_objects(self.stage.client, bucket, "out", self.source)

    def discard(self, bucket):
        self.stage.client.delete_bucket(Bucket=bucket)


class Download:
    """Into a new folder each time; the clock stops when the file system is on disk, for every tool."""

    flush = True

    def __init__(self, stage, source, tools, seeder, aims=None):
        self.stage, self.source, self.aims = stage, source, aims or {}
        self.tools = [tool for tool in tools if tool.takes(source)]
        self.name = f"{source.name} down"
        self.bucket = stage.bucket()
        stage.run(seeder.up(source, self.bucket, "seed"))

    def fresh(self):
        return self.stage.folder()

    def command(self, tool, folder):
        return tool.down(self.source, self.bucket, "seed", f"{folder}/got")

    def check(self, folder):
        got = f"{folder}/got"
        if not self.source.tree:
            same_file(self.source.path, got)
            return
        names = sorted(os.listdir(self.source.path))
        if sorted(os.listdir(got)) != names:
            raise Failed(f"{len(os.listdir(got))} files instead of {len(names)}")
        for name in names:
            same_file(f"{self.source.path}/{name}", f"{got}/{name}")

    def discard(self, folder):
        """A folder of small files stays: ext4 is slow at making files right after thousands were removed."""
        if not self.source.tree:
            shutil.rmtree(folder)


def same_file(wanted, got):
    if not filecmp.cmp(wanted, got, shallow=False):
        raise Failed(f"other bytes than in {os.path.basename(wanted)}")


def listed(client, bucket, prefix):
    """Key to entry of everything below a prefix."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}


def same_objects(client, bucket, key, source):
    found = listed(client, bucket, key)
    if source.tree:
        wanted = {f"{key}/{name}": digest for name, digest in source.digests.items()}
        if {name: (entry["Size"], entry["ETag"].strip('"')) for name, entry in found.items()} != wanted:
            raise Failed(f"{len(found)} objects, not the {len(wanted)} files with their bytes")
        return
    if list(found) != [key] or found[key]["Size"] != os.path.getsize(source.path):
        raise Failed(f"not one object of the right size but {[(name, entry['Size']) for name, entry in found.items()]}")
    body = client.get_object(Bucket=bucket, Key=key)["Body"]
    with open(source.path, "rb") as file:
        while block := file.read(MIB):
            if body.read(len(block)) != block:
                raise Failed("other bytes in the object")


def race(bench, works):
    """Every tool does every work, interleaved (A B C, B C A, ...). Returns work, then {tool: its runs}, in order."""
    results = []
    for work in works:
        tools = [tool for tool in work.tools if bench.picks(tool.name)]
        runs = {tool.name: [] for tool in tools}
        for turn in range(bench.rounds):
            for i in range(len(tools)):
                tool = tools[(turn + i) % len(tools)]
                if runs[tool.name] is None:
                    continue
                try:
                    run = turn_of(work, tool)
                except (Failed, OSError) as failed:
                    runs[tool.name] = None
                    bench.failures.append(f"{work.name}, {tool.name}: {failed}")
                    note(bench.failures[-1])
                    continue
                runs[tool.name].append(run)
                note(f"{work.name}, round {turn + 1}, {tool.name}: {run.wall:.2f} s")
        results.append((work, runs))
    return results


def turn_of(work, tool) -> Run:
    """One run of one tool. Dirty pages of the last one are written before, so that they are not this one's cost."""
    target = work.fresh()
    command = work.command(tool, target)
    subprocess.run(["sync"], check=False)
    try:
        run = measured(command, work.stage.environment, work.stage.home.folder, target if work.flush else None)
        work.check(target)
    finally:
        work.discard(target)
    return run


def report(title, results, references=("s5cmd",)):
    """A row a work and tool: ratios of medians to each reference, and beside ours what is aimed at."""
    head = ["work", "tool", "wall s"]
    for reference in references:
        head += [f"x {reference}", "aim"]
    rows = []
    for work, runs in results:
        for tool, done in runs.items():
            row = [work.name, tool, spread([run.wall for run in done]) if done else "failed"]
            for reference in references:
                ours = tool.startswith("twinpail") and tool != reference
                aim = work.aims.get(reference) if ours else None
                row += [ratio(done, runs.get(reference)), f"{aim:.2f}" if aim else ""]
            row += [f"{statistics.median(values):.{digits}f}" for values, digits in costs(done)] if done else ["", ""]
            rows.append(row)
    table(title, [*head, "CPU s", "peak RSS MiB"], rows)


def costs(done):
    return [([run.cpu for run in done], 2), ([run.rss for run in done], 0)]


def ratio(ours, theirs):
    if not ours or not theirs:
        return ""
    return f"{statistics.median(run.wall for run in ours) / statistics.median(run.wall for run in theirs):.2f}"
