"""Links and kits against a foreign server and a foreign signer."""

import contextlib
import datetime
import http.client
import io
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import unittest
import urllib.parse
from unittest import mock

import awscli.clidriver
import botocore.auth
import botocore.config
import botocore.session
import support
from support import fetch
from test_commands import pattern

MIB = 1 << 20
CURL = '''#!/usr/bin/env python3
"""As much of curl as the script of a kit uses, for machines without it."""
import sys, urllib.request
headers = {"User-Agent": "curl"}
request = urllib.request.Request(sys.argv[-1], method="PUT", data=sys.stdin.buffer.read(), headers=headers)
try:
    urllib.request.urlopen(request, timeout=30).read()
except Exception as error:
    sys.exit(f"curl: {error}")
'''


def corpus(count=500):
    """Keys that links get wrong, the same ones in every run; dot segments, which get no link, left out."""
    rng = random.Random(7)
    pieces = [" ", "+", "%", "%20", "&", "=", "?", "#", "//", "/", "~", "é", "日本", "🦀", "e\u0301", "\u202e", "'", '"', "<b>",
              "\\", ";", ":", "@", "$", ",", "(", ")", "*", "!", "[", "]", "{", "}", "|", "^", "`", "\t", "\x01", "\x7f", "a", "Z",
              "0", ".", "_", "-"]  # fmt: skip
    keys = ["/leading", "a//b", "trailing/", "plain.txt", "a b+c%.txt"]
    while len(keys) < count:
        key = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 12)))
        # The SDK takes a key of white space alone for none at all.
        if key.strip() and not any(segment in (".", "..") for segment in key.split("/")) and key not in keys:
            keys.append(key)
    return keys


class Golden(unittest.TestCase):
    def setUp(self):
        self.home = support.Home("http://127.0.0.1:1")
        self.addCleanup(self.home.remove)

    def ours(self, keys, *options):
        done = self.home.run("presign", "--expires", "600", "--json", *options, *[f"golden:b-ucket/{key}" for key in keys])
        return [json.loads(line)["url"] for line in done.stdout.splitlines()]

    def same(self, ours, theirs):
        ours, theirs = urllib.parse.urlsplit(ours), urllib.parse.urlsplit(theirs)
        self.assertEqual((ours.netloc, ours.path), (theirs.netloc, theirs.path))
        self.assertEqual(sorted(urllib.parse.parse_qsl(ours.query)), sorted(urllib.parse.parse_qsl(theirs.query)))

    @staticmethod
    def at_the_time_of(url):
        when = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["X-Amz-Date"][0]
        when = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ")
        return mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: when)

    def theirs(self, client, method, keys, urls, **more):
        for key, url in zip(keys, urls):
            with self.at_the_time_of(url):
                yield client.generate_presigned_url(method, {"Bucket": "b-ucket", "Key": key, **more}, ExpiresIn=600)

    def aws_cli(self, endpoint, style, token, keys, urls):
        """What `aws s3 presign` prints."""
        config = self.home.path("aws-config")
        with open(config, "w") as file:
            file.write(f"[default]\ns3 =\n  signature_version = s3v4\n  addressing_style = {style}\n")
        variables = {
            "AWS_CONFIG_FILE": config, "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET",
            "AWS_DEFAULT_REGION": "eu-x-1", **({"AWS_SESSION_TOKEN": token} if token else {}),
        }  # fmt: skip
        with mock.patch.dict(os.environ, variables):
            driver = awscli.clidriver.create_clidriver()
            for key, url in zip(keys, urls):
                arguments = ["s3", "presign", f"s3://b-ucket/{key}", "--expires-in", "600", "--endpoint-url", endpoint]
                with self.at_the_time_of(url), contextlib.redirect_stdout(io.StringIO()) as printed:
                    self.assertEqual(driver.main(arguments), 0)
                yield printed.getvalue().removesuffix("\n")

    def test_signatures_and_parameters_equal_those_of_botocore(self):
        keys = corpus()
        for endpoint, style, token in [
            ("https://s3.example.org", "path", None),
            ("https://s3.example.org", "virtual", "to/ken+="),
            ("https://gateway.example.org:8443/base/path", "path", "token"),
        ]:
            with open(self.home.config, "a") as file:
                file.write(
                    f'[profiles.golden]\nprovider = "other"\nendpoint = "{endpoint}"\nregion = "eu-x-1"\n'
                    f'path_style = {str(style == "path").lower()}\naccess_key_id = "AKID"\nsecret_access_key = "SECRET"\n'
                    + (f'session_token = "{token}"\n' if token else "")
                )
            client = botocore.session.get_session().create_client(
                "s3", endpoint_url=endpoint, region_name="eu-x-1", aws_access_key_id="AKID",
                aws_secret_access_key="SECRET", aws_session_token=token,
                config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": style}),
            )  # fmt: skip
            part = ["put", "--upload-id", "an/id+", "--part", "7", "--content-length", "5"]
            for options, method, more in [
                (["get"], "get_object", {}), (["head"], "head_object", {}), (["put"], "put_object", {}),
                (part, "upload_part", {"UploadId": "an/id+", "PartNumber": 7, "ContentLength": 5}),
            ]:  # fmt: skip
                urls = self.ours(keys, "--method", *options)
                self.assertEqual(len(urls), len(keys))
                for key, ours, theirs in zip(keys, urls, self.theirs(client, method, keys, urls, **more)):
                    with self.subTest(endpoint=endpoint, style=style, method=method, key=key):
                        self.same(ours, theirs)
            for key, ours, theirs in zip(keys, urls := self.ours(keys), self.aws_cli(endpoint, style, token, keys, urls)):
                with self.subTest(endpoint=endpoint, style=style, client="aws-cli", key=key):
                    self.same(ours, theirs)
            with open(self.home.config) as file:
                text = file.read()
            with open(self.home.config, "w") as file:
                file.write(text[: text.index("[profiles.golden]")])


def curl(home, urls):
    """What one curl gets from each, in a file of its own."""
    lines = [f'url = "{url}"\noutput = "{home.path(f"got{number}")}"\n' for number, url in enumerate(urls)]
    with open(home.path("curl.conf"), "w") as file:
        file.write("path-as-is\nfail\nsilent\nglobsoff\n" + "".join(lines))
    subprocess.run([support.need("curl"), "-q", "-K", home.path("curl.conf")], check=True)
    got = []
    for number in range(len(urls)):
        with open(home.path(f"got{number}"), "rb") as file:
            got.append(file.read())
    return got


class InMemory(unittest.TestCase):
    """The in-memory server holds every key; whoever opens the links knows nothing of S3."""

    def test_links_to_every_key_are_opened_by_curl_and_by_python(self):
        demo = subprocess.Popen([support.BINARY, "demo", "--serve"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(demo.stdout.close)
        self.addCleanup(demo.wait)
        self.addCleanup(demo.terminate)
        said = {}
        while len(said) < 3:
            name, value = re.match(r"export AWS_(\w+)=(\S+)", demo.stdout.readline()).groups()
            said[name] = value
        endpoint, keys = said["ENDPOINT_URL"], (said["ACCESS_KEY_ID"], said["SECRET_ACCESS_KEY"])
        home = support.Home(endpoint, keys=keys)
        self.addCleanup(home.remove)
        s3 = support.client(endpoint, keys=keys)
        s3.create_bucket(Bucket="corpus")
        keys = corpus()
        for key in keys:
            s3.put_object(Bucket="corpus", Key=key, Body=key.encode())
        urls = home.run("presign", *[f"real:corpus/{key}" for key in keys]).stdout.decode().splitlines()
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc)
        self.addCleanup(connection.close)
        for key, url in zip(keys, urls, strict=True):
            with self.subTest(key=key):
                connection.request("GET", url.removeprefix(endpoint))
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.read()), (200, key.encode()))
        self.assertEqual(curl(home, urls), [key.encode() for key in keys])


class Links(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.server()
        cls.s3 = cls.server.client()
        cls.bucket = "links"
        cls.s3.create_bucket(Bucket=cls.bucket)

    def setUp(self):
        self.home = support.Home(self.server.endpoint)
        self.addCleanup(self.home.remove)

    def test_links_to_odd_keys_are_opened_by_another_client(self):
        # What this server folds or refuses is tried on the in-memory one.
        keys = [key for key in corpus() if "//" not in key and not key.startswith("/") and not key.endswith("/")]
        keys = [key for key in keys if key.isprintable() and "\\" not in key]
        for key in keys:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=key.encode())
        done = self.home.run("presign", *[f"real:{self.bucket}/{key}" for key in keys])
        urls = done.stdout.decode().splitlines()
        for key, url in zip(keys, urls, strict=True):
            with self.subTest(key=key):
                self.assertEqual(fetch(url), (200, key.encode()))
        self.assertEqual(curl(self.home, urls), [key.encode() for key in keys])

    def test_a_link_is_tried_before_it_is_sent(self):
        self.s3.put_object(Bucket=self.bucket, Key="tried", Body=b"12345")
        works = self.home.run("presign", "--test", f"real:{self.bucket}/tried")
        self.assertIn("works: 5 bytes", works.stderr.decode())
        gone = self.home.run("presign", "--test", f"real:{self.bucket}/gone", check=False)
        self.assertEqual(gone.returncode, 1)
        self.assertIn("no such object", gone.stderr.decode())
        self.home.run("presign", "--test", "--method", "put", f"real:{self.bucket}/tried")
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="tried")["Body"].read(), b"12345")

    def test_a_kit_is_sent_by_its_script_in_two_goes(self):
        data = pattern(21 * MIB + 5)
        file = self.home.path("my film.mov")
        with open(file, "wb") as out:
            out.write(data)
        script = self.home.path("send.sh")
        made = self.home.run(
            "kit", "create", "--sh", "--size", str(len(data)), "--part-size", "5MiB", f"real:{self.bucket}/kit/it's a film.mov"
        )
        with open(script, "wb") as out:
            out.write(made.stdout)
        tools = self.home.path("tools")
        os.mkdir(tools)
        if not shutil.which("curl"):
            with open(f"{tools}/curl", "w") as out:
                out.write(CURL)
            os.chmod(f"{tools}/curl", 0o700)

        def send(name, **more):
            environment = {**self.home.environment(**more), "PATH": f"{tools}:{os.environ['PATH']}"}
            return subprocess.run(
                ["sh", script, name], env=environment, cwd=self.home.folder, capture_output=True, timeout=120
            )  # fmt: skip

        with open(self.home.path("wrong"), "wb") as out:
            out.write(data[:-1])
        wrong = send("wrong")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn(b"is it the right file", wrong.stderr)
        # A first go that is stopped behind its second part: the third URL leads nowhere.
        whole = made.stdout.decode().splitlines()
        at = [number for number, line in enumerate(whole) if line.startswith("http")]
        broken = list(whole)
        broken[at[2]] = "http://127.0.0.1:1/"
        with open(script, "w") as out:
            out.write("\n".join(broken).replace("sleep $", ": $") + "\n")
        self.assertEqual(send("my film.mov").returncode, 1)
        with open(script, "w") as out:
            out.write("\n".join(whole) + "\n")
        again = send("my film.mov")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(again.stderr.count(b" of 5\n"), 3, "parts were sent twice")
        kit = json.loads(self.home.run("kit", "list", "--json").stdout)
        self.assertEqual((kit["arrived"], kit["parts"]), (5, 5))
        self.home.run("kit", "finish", kit["id"])
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="kit/it's a film.mov")["Body"].read(), data)
        self.assertEqual(os.listdir(self.home.folder).count("my film.mov"), 1)

    def test_a_kits_page_sends_from_a_browser(self):
        rules = [{"AllowedOrigins": ["*"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}]
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": rules})
        data = pattern(21 * MIB + 5)
        files = {"film.mov": data, "wrong.mov": data[1:], "note.txt": b"a note", "empty.txt": b""}
        for name, content in files.items():
            with open(self.home.path(name), "wb") as out:
                out.write(content)
        made = self.home.run(
            "kit", "create", "--size", str(len(data)), "--part-size", "5MiB", f"real:{self.bucket}/page/<film> é.mov"
        )
        page = next(line for line in made.stdout.decode().splitlines() if line.endswith(".html"))
        page = pathlib.Path(self.home.path(page)).absolute().as_uri()
        seen = support.walk("kit", url=page, file=self.home.path("film.mov"), wrong=self.home.path("wrong.mov"))
        self.assertEqual((seen["put"], seen["again"], seen["problems"]), (5, 0, []))
        kit = json.loads(self.home.run("kit", "list", "--json").stdout)
        self.home.run("kit", "finish", kit["id"])
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="page/<film> é.mov")["Body"].read(), data)

        # The page of a single upload takes a file of any size, or of the one that was signed.
        for name, options in [("note.txt", ["--content-length", "6"]), ("empty.txt", ["--content-type", "text/x-empty"])]:
            target = f"real:{self.bucket}/page/{name}"
            made = self.home.run("presign", "--method", "put", "--html", *options, target)
            with open(self.home.path("send.html"), "wb") as out:
                out.write(made.stdout)
            url = pathlib.Path(self.home.path("send.html")).absolute().as_uri()
            seen = support.walk("send", url=url, file=self.home.path(name))
            self.assertEqual(seen, {"problems": []})
            stored = self.s3.get_object(Bucket=self.bucket, Key=f"page/{name}")
            self.assertEqual(stored["Body"].read(), files[name])
        self.assertEqual(stored["ContentType"], "text/x-empty")

    def test_doctor_finds_what_this_server_can(self):
        done = self.home.run("doctor", "real", "--bucket", self.bucket, "--json")
        found = {row["check"]: row["verdict"] for row in map(json.loads, done.stdout.splitlines()) if "check" in row}
        for check in ["credentials", "endpoint", "bucket", "write and read", "multipart upload", "download link", "delete"]:
            self.assertEqual(found.get(check), "ok", found)
        for check in ["trailing checksums", "parts of unequal sizes"]:
            self.assertEqual(found.get(check), "ok", found)
        # It takes a body that is not what was signed.
        self.assertEqual(found.get("payload signing"), "warning", found)
        left = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=".twinpail-doctor/")
        self.assertEqual(left.get("KeyCount", 0), 0)


if __name__ == "__main__":
    unittest.main()
