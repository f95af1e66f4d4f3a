"""The gateway as a recipient's browser sees it: Chromium, SeaweedFS with CORS, and many claims at once."""

import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import shutil
import ssl
import subprocess
import unittest
import urllib.parse
import urllib.request

import support
from test_commands import pattern

MIB = 1 << 20


class Gateway:
    """The program's own gateway on a port of its own, stopped by its pid."""

    def __init__(self, home, tls=None):
        (self.port,) = support.free_ports(1)
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        with open(home.config, "a") as file:
            file.write(
                f'[gateway.serve]\nlisten = "127.0.0.1:{self.port}"\npublic_url = "{self.origin}"\n'
                f'trusted_proxies = ["127.0.0.1"]\n'
            )
            if tls:
                file.write(f'tls = {{ certificate = "{tls}.crt", key = "{tls}.key" }}\n')
        command = [support.BINARY, "--log", home.path("gateway.log"), "gateway"]
        self.process = subprocess.Popen(command, env=home.environment(), stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        assert "serving" in line, line

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=support.DEADLINE)
        self.process.stderr.close()


class Served(unittest.TestCase):
    def setUp(self):
        self.server = support.server()
        self.s3 = self.server.client()
        self.bucket = f"gateway-{random.randrange(10**9)}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.home = support.Home(self.server.endpoint)
        self.addCleanup(self.home.remove)
        self.gateway = Gateway(self.home)
        self.addCleanup(self.gateway.stop)

    def create(self, kind, *arguments, password=None):
        options = ["--password"] if password else []
        done = self.home.run(kind, "create", "--json", *options, *arguments, input=f"{password or ''}\n".encode())
        return json.loads(done.stdout)

    def show(self, kind, link):
        return json.loads(self.home.run(kind, "show", "--json", link["id"]).stdout)


class InABrowser(Served):
    def test_a_file_is_unlocked_downloaded_and_limited(self):
        data = pattern(5 * MIB + 3)
        self.s3.put_object(Bucket=self.bucket, Key="films/tour 4k é.mov", Body=data)
        link = self.create("share", "--max", "1", f"real:{self.bucket}/films/tour 4k é.mov", password="let me in")
        seen = support.walk("download", url=link["url"], password="let me in", name="tour 4k é.mov")
        self.assertEqual(seen["sums"], [hashlib.sha256(data).hexdigest()] * 2, "the second time on the same claim")
        self.assertIn("used up", seen["refused"])
        self.assertFalse(seen["overflow"], "it fits a phone")
        self.assertEqual(seen["problems"], [])
        self.assertEqual(self.show("share", link)["used"], 1)
        self.home.run("share", "revoke", link["id"])
        self.assertIn("withdrawn", support.walk("title", url=link["url"])["title"])
        self.assertIn("zurückgezogen", support.walk("title", url=link["url"], locale="de-DE")["title"])
        with open(self.home.path("gateway.log")) as file:
            log = file.read()
        self.assertNotIn(link["url"].rsplit("/", 1)[1], log, "no token is logged")

    def test_a_large_file_is_sent_with_a_reload_in_the_middle(self):
        rules = [{"AllowedOrigins": [self.gateway.origin], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}]
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": rules})
        path = self.home.path("large.bin")
        chunk = random.Random(7).randbytes(MIB)
        with open(path, "wb") as file:
            for number in range(200):
                file.write(number.to_bytes(8, "big") + chunk[8:])
        link = self.create("drop", "--max-files", "1", f"real:{self.bucket}/in/")
        seen = support.walk("upload", url=link["url"], files=[path])
        arrived = self.show("drop", link)["arrived"]
        self.assertEqual([(file["name"], file["size"], file["done"]) for file in arrived], [("large.bin", 200 * MIB, True)])
        self.assertLessEqual(seen["put"], 13 - seen["arrivedBefore"], "parts that had arrived were not sent again")
        key = arrived[0]["location"].split("/", 1)[1]
        whole = hashlib.sha256()
        for piece in self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].iter_chunks(MIB):
            whole.update(piece)
        with open(path, "rb") as file:
            self.assertEqual(whole.hexdigest(), hashlib.file_digest(file, "sha256").hexdigest())

    def test_pages_have_no_barriers(self):
        self.s3.put_object(Bucket=self.bucket, Key="t/a", Body=b"x")
        self.s3.put_object(Bucket=self.bucket, Key="t/b", Body=b"x")
        one = self.create("share", "--max", "3", f"real:{self.bucket}/t/a", password="pw")
        drop = self.create("drop", "--max-bytes", "1GB", f"real:{self.bucket}/in/")
        pages = [
            {"url": one["url"]},
            {"url": one["url"], "password": "pw"},
            {"url": one["url"], "password": "wrong"},
            {"url": self.create("share", f"real:{self.bucket}/t/")["url"]},
            {"url": drop["url"]},
            {"url": f"{self.gateway.origin}/s/AAAAAAAAAAAAAAAAAAAAAA"},
        ]
        self.assertEqual(support.walk("accessible", pages=pages)["violations"], [])


class OverTls(unittest.TestCase):
    def test_pages_are_served_over_tls_and_nothing_else_is(self):
        server = support.server()
        home = support.Home(server.endpoint)
        self.addCleanup(home.remove)
        tls = home.path("tls")
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        make += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run([*make, "-keyout", f"{tls}.key", "-out", f"{tls}.crt"], check=True, capture_output=True)
        gateway = Gateway(home, tls)
        self.addCleanup(gateway.stop)
        context = ssl.create_default_context(cafile=f"{tls}.crt")
        with urllib.request.urlopen(f"{gateway.origin}/health", context=context) as answer:
            self.assertEqual(answer.read(), b"ok\n")
            self.assertIn("max-age", answer.headers["strict-transport-security"])
        plain = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=support.DEADLINE)
        self.addCleanup(plain.close)
        with self.assertRaises((OSError, http.client.HTTPException)):
            plain.request("GET", "/health")
            plain.getresponse()


class ManyAtOnce(Served):
    def test_ten_thousand_claims_on_a_hundred_downloads(self):
        self.s3.put_object(Bucket=self.bucket, Key="f", Body=b"x")
        link = self.create("share", "--max", "100", f"real:{self.bucket}/f")
        path = urllib.parse.urlsplit(link["url"]).path + "/claim"

        def claims(worker):
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=support.DEADLINE)
            statuses = []
            for number in range(100):
                headers = {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "X-Forwarded-For": f"10.{worker}.{number}.1",
                }
                connection.request("POST", path, "item=0", headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
            connection.close()
            return statuses

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            statuses = [status for some in pool.map(claims, range(100)) for status in some]
        self.assertEqual((statuses.count(303), statuses.count(410), len(statuses)), (100, 9900, 10000))
        self.assertEqual(self.show("share", link)["used"], 100)
