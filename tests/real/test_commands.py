"""The commands against a foreign server, with botocore as the other reader and writer."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.parse
from unittest import mock

import botocore.auth
import support
from support import fetch

MIB = 1 << 20


def pattern(size, seed=1):
    """Bytes that differ everywhere, so that a part in the wrong place shows."""
    block = b"".join(hashlib.sha256(f"{seed}/{i}".encode()).digest() for i in range(4096))
    out = b"".join(i.to_bytes(8, "big") + block[8:] for i in range(size // len(block) + 1))
    return out[:size]


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.server()
        cls.s3 = cls.server.client()
        cls.bucket = "commands"
        cls.s3.create_bucket(Bucket=cls.bucket)

    def setUp(self):
        self.home = support.Home(self.server.endpoint)
        self.addCleanup(self.home.remove)

    def write(self, name, data):
        path = self.home.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def read(self, name):
        with open(self.home.path(name), "rb") as file:
            return file.read()

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def test_multipart_upload_is_read_by_botocore(self):
        data = pattern(70 * MIB + 12345)
        self.write("big.bin", data)
        done = self.home.run("cp", "--json", "big.bin", f"real:{self.bucket}/up/big.bin")
        self.assertEqual(self.get("up/big.bin"), data)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[0]["status"], "done")
        self.assertEqual(lines[-1]["summary"]["bytes"], len(data))
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []), [])

    def test_download_of_what_botocore_wrote(self):
        data = pattern(70 * MIB + 4321, seed=2)
        self.s3.put_object(Bucket=self.bucket, Key="down/big.bin", Body=data)
        self.home.run("cp", f"real:{self.bucket}/down/big.bin", "got.bin")
        self.assertEqual(self.read("got.bin"), data)
        self.assertEqual([name for name in os.listdir(self.home.folder) if "part" in name], [])

    def test_multipart_of_botocore_comes_back_whole(self):
        data = pattern(24 * MIB, seed=3)
        created = self.s3.create_multipart_upload(Bucket=self.bucket, Key="mp/theirs")
        parts = []
        for number in range(1, 4):
            part = data[(number - 1) * 8 * MIB : number * 8 * MIB]
            answer = self.s3.upload_part(
                Bucket=self.bucket, Key="mp/theirs", UploadId=created["UploadId"], PartNumber=number, Body=part
            )
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self.s3.complete_multipart_upload(
            Bucket=self.bucket, Key="mp/theirs", UploadId=created["UploadId"], MultipartUpload={"Parts": parts}
        )
        self.home.run("cp", f"real:{self.bucket}/mp/theirs", "theirs")
        self.assertEqual(self.read("theirs"), data)

    def test_what_moves_is_proved_and_what_was_cut_off_goes_on(self):
        data = pattern(70 * MIB, seed=6)
        self.write("proved.bin", data)
        for arguments in [("proved.bin", f"real:{self.bucket}/proved"), (f"real:{self.bucket}/proved", "back.bin")]:
            line = json.loads(self.home.run("cp", "--json", *arguments).stdout.splitlines()[0])
            self.assertEqual(line["verified"], "crc32", line)
        self.assertEqual(self.read("back.bin"), data)
        small = self.write("small", b"small")
        line = json.loads(self.home.run("cp", "--json", small, f"real:{self.bucket}/small").stdout.splitlines()[0])
        self.assertIn(line["verified"], ("crc32", "md5"), line)

        command = [support.BINARY, "cp", "--limit-rate", "20MiB", "proved.bin", f"real:{self.bucket}/cut"]
        process = subprocess.Popen(command, env=self.home.environment(), cwd=self.home.folder)
        self.addCleanup(process.kill)
        end = time.monotonic() + support.DEADLINE
        parts = []
        while not parts and time.monotonic() < end:
            uploads = self.s3.list_multipart_uploads(Bucket=self.bucket, Prefix="cut").get("Uploads", [])
            for upload in uploads:
                answer = self.s3.list_parts(Bucket=self.bucket, Key="cut", UploadId=upload["UploadId"])
                parts = answer.get("Parts", [])
        process.kill()
        process.wait()
        self.assertTrue(parts, "no part arrived in time")
        line = json.loads(self.home.run("cp", "--json", "proved.bin", f"real:{self.bucket}/cut").stdout.splitlines()[0])
        self.assertGreaterEqual(line["bytes_resumed"], sum(part["Size"] for part in parts), line)
        self.assertEqual(self.get("cut"), data)

    def test_a_disk_that_fills_in_the_middle_of_a_file_is_waited_for(self):
        data = pattern(24 * MIB, seed=7)
        self.s3.put_object(Bucket=self.bucket, Key="large", Body=data)
        os.mkdir(self.home.path("small"))
        # A disk of its own, without room reserved: what is left is found as it is written.
        script = 'mount -t tmpfs -o size=40m none small && { "$@"; echo "ended with $?"; cp small/large .; }'
        deny = os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_fallocate.py")
        copy = [support.BINARY, "cp", "--limit-rate", "8MiB", f"real:{self.bucket}/large", "small/"]
        arguments = ["--map-root-user", "--mount", "sh", "-c", script, "sh", sys.executable, deny, *copy]
        terminal = support.Terminal(self.home, *arguments, binary=support.need("unshare", "util-linux"))
        self.addCleanup(terminal.close)
        small = f"/proc/{terminal.pid}/root{self.home.path('small')}"

        def begun():
            with contextlib.suppress(OSError):
                return any(os.stat(f"{small}/{name}").st_blocks * 512 > 4 * MIB for name in os.listdir(small))

        terminal.wait_for(begun, "4 MiB of the file")
        with self.assertRaisesRegex(OSError, "No space left"), open(f"{small}/filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(64 << 10))
        terminal.wait("no space left")
        self.assertNotIn("large", os.listdir(small), "nothing half-done has the file's name")
        os.remove(f"{small}/filler")
        terminal.wait("ended with 0")
        terminal.wait_exit()
        self.assertEqual(self.read("large"), data)

    def test_trees_both_ways(self):
        files = {f"a/{i:03}.txt": f"file {i}".encode() for i in range(150)}
        files |= {"b/deep/er/x.bin": pattern(300_000), "b/empty": b"", "ünï/日本語 name+%20.txt": b"unicode"}
        for name, data in files.items():
            self.write(f"tree/{name}", data)
        self.home.run("cp", "-r", "tree/", f"real:{self.bucket}/tree/")
        listed = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="tree/"):
            listed |= {entry["Key"]: entry["Size"] for entry in page.get("Contents", [])}
        self.assertEqual(listed, {f"tree/{name}": len(data) for name, data in files.items()})
        self.home.run("cp", "-r", f"real:{self.bucket}/tree/", "back/")
        for name, data in files.items():
            self.assertEqual(self.read(f"back/{name}"), data, name)

    def test_copy_on_the_server_and_move(self):
        self.s3.put_object(
            Bucket=self.bucket, Key="cm/a", Body=b"content", ContentType="text/x-test", Metadata={"colour": "blue"}
        )
        self.home.run("cp", f"real:{self.bucket}/cm/a", f"real:{self.bucket}/cm/b")
        copied = self.s3.get_object(Bucket=self.bucket, Key="cm/b")
        self.assertEqual((copied["Body"].read(), copied["ContentType"]), (b"content", "text/x-test"))
        self.assertEqual(copied["Metadata"], {"colour": "blue"})
        self.home.run("mv", f"real:{self.bucket}/cm/b", f"real:{self.bucket}/cm/c")
        keys = [e["Key"] for e in self.s3.list_objects_v2(Bucket=self.bucket, Prefix="cm/")["Contents"]]
        self.assertEqual(sorted(keys), ["cm/a", "cm/c"])

    def test_listing_many_pages(self):
        for i in range(30):
            self.s3.put_object(Bucket=self.bucket, Key=f"list/{i:02}/x", Body=b"1")
        done = self.home.run("ls", "--json", f"real:{self.bucket}/list/")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([row["key"] for row in rows], [f"list/{i:02}/" for i in range(30)])
        done = self.home.run("ls", "-r", "--json", f"real:{self.bucket}/list/")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(sorted(row["key"] for row in rows), [f"list/{i:02}/x" for i in range(30)])
        self.assertTrue(all(row["size"] == 1 and row["kind"] == "object" for row in rows))

    def test_unfinished_uploads_of_others_are_seen_and_aborted(self):
        key = "unfinished/a b+c é.bin"
        begun = self.s3.create_multipart_upload(Bucket=self.bucket, Key=key)
        part = {"Bucket": self.bucket, "Key": key, "UploadId": begun["UploadId"], "Body": b"x" * 5 * MIB}
        self.s3.upload_part(PartNumber=1, **part)
        place = f"real:{self.bucket}/unfinished/"
        done = self.home.run("uploads", "ls", "--json", "--size", place)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        seen = [(row["bucket"], row["key"], row["upload_id"]) for row in rows]
        self.assertEqual(seen, [(self.bucket, key, begun["UploadId"])])
        self.assertEqual((rows[0]["size"], rows[0]["parts"]), (5 * MIB, 1))
        self.assertTrue(rows[0]["started"])
        self.assertEqual(self.home.run("uploads", "ls", "--json").stdout.count(b"upload_id"), 1)
        self.home.run("uploads", "abort", "--yes", "--older-than", "1h", place)
        self.assertEqual(len(self.s3.list_multipart_uploads(Bucket=self.bucket)["Uploads"]), 1)
        self.home.run("uploads", "abort", "--yes", place)
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []), [])

    def test_streams(self):
        data = pattern(20 * MIB, seed=5)
        self.home.run("cp", "-", f"real:{self.bucket}/stream", input=data)
        self.assertEqual(self.get("stream"), data)
        self.assertEqual(self.home.run("cat", f"real:{self.bucket}/stream").stdout, data)
        self.assertEqual(self.home.run("cp", f"real:{self.bucket}/stream", "-").stdout, data)

    def test_presigned_get_and_put(self):
        self.s3.put_object(Bucket=self.bucket, Key="links/a b+c.txt", Body=b"linked")
        url = self.home.run("presign", f"real:{self.bucket}/links/a b+c.txt").stdout.decode().strip()
        self.assertEqual(fetch(url), (200, b"linked"))
        self.assertEqual(fetch(url.replace("X-Amz-Signature=", "X-Amz-Signature=0"))[0], 403)
        done = self.home.run("presign", "--method", "put", "--json", f"real:{self.bucket}/links/put.bin")
        link = json.loads(done.stdout)
        status, _ = fetch(link["url"], "PUT", b"by a stranger", dict(link["headers"]))
        self.assertEqual(status, 200)
        self.assertEqual(self.get("links/put.bin"), b"by a stranger")

    def test_presigned_url_equals_botocores(self):
        key = "links/a b+c~é.txt"
        done = self.home.run("presign", "--expires", "600", "--json", f"real:{self.bucket}/{key}")
        ours = urllib.parse.urlsplit(json.loads(done.stdout)["url"])
        parameters = dict(urllib.parse.parse_qsl(ours.query))
        import datetime

        when = datetime.datetime.strptime(parameters["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: when.replace(tzinfo=None)):
            url = self.s3.generate_presigned_url("get_object", {"Bucket": self.bucket, "Key": key}, ExpiresIn=600)
        theirs = urllib.parse.urlsplit(url)
        self.assertEqual((ours.netloc, ours.path), (theirs.netloc, theirs.path))
        self.assertEqual(parameters, dict(urllib.parse.parse_qsl(theirs.query)))

    def test_failures_name_what_and_where(self):
        for arguments, words in [
            (("cat", f"real:{self.bucket}/none"), ["real:commands/none", "exist"]),
            (("ls", "real:no-such-bucket/"), ["no-such-bucket"]),
            (("cp", "missing.bin", f"real:{self.bucket}/x"), ["missing.bin"]),
        ]:
            done = self.home.run(*arguments, check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr.decode())

    def test_delete_and_buckets(self):
        self.home.run("mb", "real:made-here")
        for i in range(12):
            self.s3.put_object(Bucket="made-here", Key=f"d/{i}", Body=b"x")
        self.assertEqual(self.home.run("rb", "real:made-here", check=False).returncode, 1)
        self.home.run("rm", "-r", "real:made-here/d/")
        self.assertEqual(self.s3.list_objects_v2(Bucket="made-here").get("KeyCount", 0), 0)
        self.home.run("rb", "real:made-here")
        self.assertNotIn("made-here", [b["Name"] for b in self.s3.list_buckets()["Buckets"]])
