"""How each tool is told to do a piece of work: a class a tool, a method a direction; each returns a command.

A source is one file or one flat folder of files (`race.Source`); a key names an object or, without its last slash, a
prefix. Flags are those that a user who cares about speed would find in the tool's own documentation.
"""

import functools
import shutil
import subprocess

import support


class Tool:
    """Where and with which further options; `name` is what the table calls it."""

    name = None

    def __init__(self, stage, *options, name=None):
        self.stage, self.options = stage, options
        self.name = name or self.name

    def takes(self, source):
        """Whether the tool can do this at all."""
        return shutil.which(self.name.split()[0]) is not None


class Twinpail(Tool):
    name = "twinpail"

    def takes(self, source):
        return True

    def copy(self, source, origin, target):
        recursive, slash = (["-r"], "/") if source.tree else ([], "")
        return [support.BINARY, "cp", *recursive, *self.options, origin + slash, target + slash]

    def up(self, source, bucket, key):
        return self.copy(source, source.path, f"real:{bucket}/{key}")

    def down(self, source, bucket, key, target):
        return self.copy(source, f"real:{bucket}/{key}", target)

    def relay(self, source, bucket, key, remote, target):
        return self.copy(source, f"real:{bucket}/{key}", f"{remote}:{target}/{key}")

    def sync(self, source, bucket, key):
        return [support.BINARY, "sync", "--yes", *self.options, f"{source.path}/", f"real:{bucket}/{key}/"]


class S5cmd(Tool):
    name = "s5cmd"

    def command(self, *arguments):
        return ["s5cmd", "--log", "error", *self.options, *arguments]

    def up(self, source, bucket, key):
        slash = "/" if source.tree else ""
        return self.command("cp", source.path + slash, f"s3://{bucket}/{key}{slash}")

    def down(self, source, bucket, key, target):
        every, slash = ("/*", "/") if source.tree else ("", "")
        return self.command("cp", f"s3://{bucket}/{key}{every}", target + slash)

    def sync(self, source, bucket, key):
        return self.command("sync", f"{source.path}/", f"s3://{bucket}/{key}/")


class Rclone(Tool):
    """With as many requests in flight as the others have by themselves."""

    name = "rclone tuned"
    TUNED = [
        "--transfers", "32", "--checkers", "32", "--fast-list", "--s3-no-check-bucket", "--s3-chunk-size", "16M",
        "--s3-upload-concurrency", "8", "--multi-thread-streams", "8",
    ]  # fmt: skip

    def command(self, *arguments):
        return ["rclone", "--config", self.config(), *self.TUNED, *self.options, *arguments]

    def config(self):
        """A file that knows the same remotes as twinpail's configuration."""
        path = self.stage.home.path("rclone.conf")
        with open(path, "w") as file:
            for remote, endpoint in self.stage.remotes.items():
                file.write(
                    f"[{remote}]\ntype = s3\nprovider = Other\nenv_auth = true\nendpoint = {endpoint}\n"
                    "region = us-east-1\nforce_path_style = true\n"
                )
        return path

    def up(self, source, bucket, key):
        return self.command("copy" if source.tree else "copyto", source.path, f"real:{bucket}/{key}")

    def down(self, source, bucket, key, target):
        return self.command("copy" if source.tree else "copyto", f"real:{bucket}/{key}", target)

    def relay(self, source, bucket, key, remote, target):
        return self.command("copy" if source.tree else "copyto", f"real:{bucket}/{key}", f"{remote}:{target}/{key}")

    def sync(self, source, bucket, key):
        return self.command("sync", source.path, f"real:{bucket}/{key}")


class Curl(Tool):
    """One plain HTTP request on one connection, for scale."""

    name = "curl one stream"

    def takes(self, source):
        return not source.tree and super().takes(source)

    def command(self, *arguments):
        return ["curl", "--silent", "--show-error", "--fail", *arguments]

    def up(self, source, bucket, key):
        return self.command("--upload-file", source.path, self.stage.url("put_object", bucket, key))

    def down(self, source, bucket, key, target):
        return self.command("--output", target, self.stage.url("get_object", bucket, key))


@functools.cache
def twinpail_says(word, *command):
    """Whether the help of twinpail, or of one of its commands, has this word: older builds can do less."""
    done = subprocess.run([support.BINARY, *command, "--help"], capture_output=True, text=True)
    return done.returncode == 0 and word in done.stdout.split()
