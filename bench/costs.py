"""What twinpail costs by itself: the time that verification takes, the memory that transfers take."""

from common import Stage, note, spread, table
from race import Download, Upload, race, report
from tools import Twinpail, twinpail_says
from transfer import server

# MiB: the budget for bytes in flight, and 64 for everything else.
MEMORY_AIM = 48 + 64


def verify(bench):
    if not twinpail_says("--verify", "cp"):
        note("this twinpail has no --verify: nothing to compare")
        return
    with Stage(server()) as stage:
        tools = [Twinpail(stage, "--verify", how, name=f"twinpail --verify {how}") for how in ["default", "off"]]
        off, source = tools[1], bench.sources.file(bench.size)
        aims = {off.name: 1.10}
        works = [Upload(stage, source, tools, aims), Download(stage, source, tools, off, aims)]
        report("what verification costs", race(bench, works), [off.name])


def memory(bench):
    sources = [bench.sources.file(bench.size), bench.sources.tree(min(10_000, bench.files), 16 << 10)]
    with Stage(server()) as stage:
        tools = [Twinpail(stage)]
        works = [
            work
            for source in sources
            for work in [Upload(stage, source, tools), Download(stage, source, tools, tools[0])]
        ]
        rows = [
            [work.name, tool, spread([run.rss for run in runs], 1) if runs else "failed", MEMORY_AIM]
            for work, done in race(bench, works)
            for tool, runs in done.items()
        ]
        table("memory", ["work", "tool", "peak RSS MiB", "aim"], rows)
