"""Measures twinpail beside other tools; called by bench/compare, which finds the tools."""

import argparse
import os
import platform
import re
import subprocess
import sys

import browser
import common
import costs
import race
import scale
import support
import transfer

PARTS = {
    part.__name__: part
    for part in [
        browser.paint, browser.listing, browser.filtering, browser.keys, browser.idle,
        transfer.transfer, transfer.https, transfer.latency, transfer.client, transfer.relay, transfer.sync,
        costs.verify, costs.memory, scale.near_listing, scale.far_listing, scale.scale, scale.links,
    ]
}  # fmt: skip
UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "": 1}


def size(text):
    """Bytes of `1GiB`, `64 MiB`, `4096`."""
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return int(text.removesuffix(unit)) * factor
    raise AssertionError("every text ends with nothing")


def command_line():
    parser = argparse.ArgumentParser(prog="bench/compare")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all of them, or some of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each tool does each work (3)")
    parser.add_argument("--size", type=size, default=1 << 30, help="of the large object (1GiB)")
    parser.add_argument("--files", type=int, default=20_000, help="small files at most, for a quick try (20000)")
    parser.add_argument("--keys", type=int, default=100_000, help="keys that the browsers list (100000)")
    parser.add_argument("--tools", default="", help="beginnings of the names of those that take part: s5cmd,rclone")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: not one of {', '.join(PARTS)}")
    return arguments


def surroundings():
    """One line that says what ran where: figures without it mean nothing later."""
    versions = []
    for program in [support.BINARY, "s5cmd", "rclone", "curl", "weed"]:
        how = "--version" if program in [support.BINARY, "curl"] else "version"
        try:
            said = subprocess.run([program, how], capture_output=True, text=True).stdout.split()
        except OSError:
            continue
        versions += [f"{os.path.basename(program)} {word}" for word in said if re.match(r"v?\d+\.\d", word)][:1]
    return f"{', '.join(versions)}; {os.cpu_count()} CPUs, Linux {platform.release()}"


def main():
    arguments = command_line()
    tools = [name for name in arguments.tools.split(",") if name]
    with race.Sources() as sources:
        bench = common.Bench(arguments.rounds, arguments.size, arguments.files, arguments.keys, tools, sources)
        print(surroundings(), flush=True)
        for part in arguments.parts or PARTS:
            PARTS[part](bench)
    if bench.failures:
        sys.exit("\n".join(["", *bench.failures]))


main()
