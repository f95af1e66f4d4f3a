"""The transfer engine beside s5cmd, rclone and one stream of curl: near, over TLS, far away, alone, between servers."""

import shutil
import subprocess
import urllib.request

import delay
from common import Failed, Stage, amount, note
from race import Download, Source, Upload, listed, race, report, same_objects
from support import Server
from tools import Curl, Rclone, S5cmd, Twinpail, twinpail_says

ROUND_TRIP = 0.05  # seconds


def server(**options):
    """One whose volumes do not fill up in the middle of a large object."""
    return Server(volume_mib=1024, **options)


def both_ways(stage, source, tools, up, down):
    """Up and down, the object or objects to download having come from twinpail for every tool."""
    yield Upload(stage, source, tools, {"s5cmd": up})
    yield Download(stage, source, tools, Twinpail(stage), {"s5cmd": down})


def all_tools(stage):
    return [Twinpail(stage), S5cmd(stage), Rclone(stage), Curl(stage)]


def transfer(bench):
    small, tiny = min(2_000, bench.files), min(20_000, bench.files)
    with Stage(server()) as stage:
        tools = all_tools(stage)
        works = [
            *both_ways(stage, bench.sources.file(bench.size), tools, up=0.85, down=1.0),
            *both_ways(stage, bench.sources.tree(small, 16 << 10), tools, up=0.85, down=0.80),
            *both_ways(stage, bench.sources.tree(tiny, 1 << 10), tools, up=0.90, down=0.90),
        ]
        report("cp over http", race(bench, works))


def https(bench):
    near = server(https=True)
    with Stage(near, near.https_endpoint, near.certificate) as stage:
        works = both_ways(stage, bench.sources.file(bench.size), all_tools(stage), up=0.90, down=0.65)
        report("cp over https", race(bench, works))


def latency(bench):
    far = server()
    with delay.Delay(int(far.endpoint.rsplit(":", 1)[1]), ROUND_TRIP / 2) as proxy, Stage(far, proxy.endpoint) as stage:
        tools = all_tools(stage)
        works = [
            *both_ways(stage, bench.sources.file(bench.size), tools, up=1.0, down=1.0),
            *both_ways(stage, bench.sources.tree(min(2_000, bench.files), 16 << 10), tools, up=1.0, down=1.0),
        ]
        report(f"cp over http, {ROUND_TRIP * 1000:.0f} ms round trip", race(bench, works))
    print(f"\nThe delaying proxy by itself carries {delay.limit(ROUND_TRIP / 2):,.0f} MiB/s.", flush=True)


class NullServer:
    """Answers everything, `late` by so many seconds, stores nothing; objects have `size` bytes, buckets `keys` keys."""

    def __init__(self, size, keys=0, late=0):
        command = ["null-s3", str(size), str(keys), str(round(late * 1000))]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.endpoint = self.process.stdout.readline().strip()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Dropped(Upload):
    """An upload that nobody keeps."""

    def check(self, bucket):
        pass


class Given(Download):
    """A download of what was never uploaded."""

    def __init__(self, stage, source, tools, aims):
        super().__init__(stage, source, tools, tools[0], aims)


def client(bench):
    unverified = ["--verify", "off"] if twinpail_says("--verify", "cp") else []
    if not unverified:
        note("this twinpail has no --verify: it verifies what the null server says")
    with Stage(NullServer(bench.size)) as stage:
        path = stage.home.path("given")
        with urllib.request.urlopen(f"{stage.endpoint}/any/object") as answer, open(path, "wb") as file:
            shutil.copyfileobj(answer, file, 1 << 20)
        source = Source(amount(bench.size), path, False)
        tools = [Twinpail(stage, *unverified), S5cmd(stage), Curl(stage)]
        works = [Dropped(stage, source, tools, {"s5cmd": 0.40}), Given(stage, source, tools, {"s5cmd": 0.75})]
        report("the client alone: cp against a server that stores nothing", race(bench, works))


class Relay(Download):
    """From one server to another, through the machine of the user."""

    flush = False

    def __init__(self, stage, there, source, tools, aims):
        super().__init__(stage, source, tools, tools[0], aims)
        self.there, self.name = there, f"{source.name} relayed"

    def fresh(self):
        return self.there.bucket()

    def command(self, tool, bucket):
        return tool.relay(self.source, self.bucket, "seed", "other", bucket)

    def check(self, bucket):
        same_objects(self.there.client, bucket, "seed", self.source)

    def discard(self, bucket):
        self.there.client.delete_bucket(Bucket=bucket)


def relay(bench):
    with Stage(server()) as there, Stage(server(), other=there.endpoint) as here:
        tools = [Twinpail(here), Rclone(here)]
        works = [Relay(here, there, bench.sources.file(bench.size), tools, {"rclone tuned": 0.70})]
        report("from one server to another", race(bench, works), ["rclone tuned"])


class Sync:
    """Nothing to do: each tool has brought its own prefix up to date before."""

    flush = False

    def __init__(self, stage, source, tools, aims):
        self.stage, self.source, self.tools, self.aims = stage, source, tools, aims
        self.name = f"{source.name} unchanged"
        self.bucket = stage.bucket()
        for tool in tools:
            stage.run(tool.sync(source, self.bucket, self.prefix(tool)))

    def prefix(self, tool):
        return tool.name.replace(" ", "-")

    def fresh(self):
        """When each object was written."""
        return {key: entry["LastModified"] for key, entry in listed(self.stage.client, self.bucket, "").items()}

    def command(self, tool, _):
        return tool.sync(self.source, self.bucket, self.prefix(tool))

    def check(self, before):
        if self.fresh() != before:
            raise Failed("wrote objects although nothing had changed")

    def discard(self, _):
        pass


def sync(bench):
    with Stage(server()) as stage:
        tools = [
            S5cmd(stage), Rclone(stage),
            Rclone(stage, "--update", "--use-server-modtime", name="rclone tuned, times of the server"),
        ]  # fmt: skip
        if twinpail_says("--yes", "sync"):
            tools.insert(0, Twinpail(stage))
        else:
            note("this twinpail has no sync: no row for it")
        tools = [tool for tool in tools if bench.picks(tool.name)]
        aims = {"s5cmd": 0.90, "rclone tuned": 0.50}
        works = [Sync(stage, bench.sources.tree(min(20_000, bench.files), 1 << 10), tools, aims)]
        report("sync of what is there already", race(bench, works), list(aims))
