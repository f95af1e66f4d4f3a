"""The gateway as a recipient's browser sees it: Chromium, SeaweedFS with CORS, many claims at once, and what of them is
left after a crash."""

import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import shutil
import ssl
import subprocess
import threading
import unittest
import urllib.parse
import urllib.request

import support
from test_commands import pattern

MIB = 1 << 20


class Gateway:
    """The program's own gateway on a port of its own, stopped by its pid."""

    def __init__(self, home, tls=None, postgres=None):
        (self.port,) = support.free_ports(1)
        self.home, self.postgres = home, postgres
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        with open(home.config, "a") as file:
            file.write(
                f'[gateway.serve]\nlisten = "127.0.0.1:{self.port}"\npublic_url = "{self.origin}"\n'
                f'trusted_proxies = ["127.0.0.1"]\n'
            )
            if tls:
                file.write(f'tls = {{ certificate = "{tls}.crt", key = "{tls}.key" }}\n')
            if postgres:
                file.write('store_url_command = ["printenv", "TWINPAIL_TEST_STORE"]\n')
        self.start()

    def start(self):
        command = [support.BINARY, "--log", self.home.path("gateway.log"), "gateway"]
        store = {"TWINPAIL_TEST_STORE": self.postgres.url} if self.postgres else {}
        self.process = subprocess.Popen(command, env=self.home.environment(**store), stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        assert "serving" in line, line

    def kill(self):
        """Without any goodbye."""
        self.process.kill()
        self.process.wait(timeout=support.DEADLINE)
        self.process.stderr.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=support.DEADLINE)
        self.process.stderr.close()


class Served(unittest.TestCase):
    postgres = None

    def setUp(self):
        self.server = support.server()
        self.s3 = self.server.client()
        self.bucket = f"gateway-{random.randrange(10**9)}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.home = support.Home(self.server.endpoint)
        self.addCleanup(self.home.remove)
        self.gateway = Gateway(self.home, postgres=self.postgres)
        self.addCleanup(lambda: self.gateway.stop())

    def create(self, kind, *arguments, password=None):
        options = ["--password"] if password else []
        done = self.home.run(kind, "create", "--json", *options, *arguments, input=f"{password or ''}\n".encode())
        return json.loads(done.stdout)

    def show(self, kind, link):
        return json.loads(self.home.run(kind, "show", "--json", link["id"]).stdout)

    def lets_send(self):
        """The bucket's rule for the gateway's page."""
        rules = [{"AllowedOrigins": [self.gateway.origin], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}]
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": rules})

    def read(self, location):
        """The object of a `location`, as the other client has it."""
        key = location.split("/", 1)[1]
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def file(self, name, size):
        """A file to be sent; where it is, and its bytes."""
        data = pattern(size)
        path = self.home.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path, data


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
        self.lets_send()
        path = self.home.path("large.bin")
        chunk = random.Random(7).randbytes(MIB)
        with open(path, "wb") as file:
            for number in range(200):
                file.write(number.to_bytes(8, "big") + chunk[8:])
        link = self.create("drop", "--max-files", "1", f"real:{self.bucket}/in/")
        self.assertNotIn("warning", link, "browsers may send there")
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

    def test_a_folder_is_dropped_and_keeps_its_shape(self):
        self.lets_send()
        files = {f"album/{name}": self.file(f"album/{name}", size)[1] for name, size in [("a.txt", 3), ("deep/er/b é.bin", 40_000), ("empty", 0)]}
        link = self.create("drop", f"real:{self.bucket}/in/")
        support.walk("dropped", url=link["url"], folder=self.home.path("album"), count=len(files))
        arrived = {file["name"]: self.read(file["location"]) for file in self.show("drop", link)["arrived"] if file["done"]}
        self.assertEqual(arrived, files)

    def test_a_file_is_paused_and_goes_on_where_it_was(self):
        self.lets_send()
        path, data = self.file("paused.bin", 80 * MIB)
        link = self.create("drop", f"real:{self.bucket}/in/")
        seen = support.walk("pause", url=link["url"], file=path, parts=5)
        self.assertEqual(seen, {"whilePaused": 0, "put": 1}, "nothing is sent then, and afterwards what was missing")
        (arrived,) = self.show("drop", link)["arrived"]
        self.assertTrue(arrived["done"] and self.read(arrived["location"]) == data)

    def test_what_was_not_answered_is_asked_again_and_not_sent_again(self):
        self.lets_send()
        path, data = self.file("asked.bin", 20 * MIB)
        for walk in ["insist", "done"]:
            link = self.create("drop", "--max-files", "1", f"real:{self.bucket}/in/")
            seen = support.walk(walk, url=link["url"], file=path)
            self.assertEqual(seen["put"], 2, "each part once")
            (arrived,) = self.show("drop", link)["arrived"]
            self.assertTrue(arrived["done"] and self.read(arrived["location"]) == data)

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


class Crowd:
    """Claims of many at once, one after the other from each, until it is stopped; `seen` has their statuses, and None
    for what was not answered."""

    def __init__(self, gateway, link, people=24):
        self.gateway, self.path = gateway, urllib.parse.urlsplit(link["url"]).path + "/claim"
        self.seen, self.over, self.more = [], False, threading.Condition()
        self.people = [threading.Thread(target=self.claim, args=(number,), daemon=True) for number in range(people)]
        for person in self.people:
            person.start()

    def claim(self, person):
        number = 0
        while not self.over:
            number += 1
            # Each time another household: the limits by address are not what is tried.
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Forwarded-For": f"10.{person}.{number >> 8 & 255}.{number & 255}",
            }
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=support.DEADLINE)
            try:
                connection.request("POST", self.path, "item=0", headers)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                status = None
            connection.close()
            with self.more:
                self.seen.append(status)
                self.more.notify_all()
                # Who is not answered at all comes back when somebody looks.
                if status is None:
                    self.more.wait(0.05)

    def wait(self, enough, what):
        with self.more:
            if not self.more.wait_for(lambda: enough(self.seen), timeout=2 * support.DEADLINE):
                self.over = True
                raise AssertionError(f"no {what}: {({status: self.seen.count(status) for status in set(self.seen)})}")

    def stop(self):
        self.over = True
        for person in self.people:
            person.join()
        return self.seen


class Crashing:
    """What a gateway that is killed has counted, whatever its store."""

    def counted(self, link):
        """Downloads by the counter; as many as there are by the log."""
        events = self.home.run("share", "events", "--json", link["id"]).stdout.splitlines()
        claims = [event for event in map(json.loads, events) if event["kind"] == "claim"]
        used = self.show("share", link)["used"]
        self.assertEqual(len(claims), used, "the log and the counter agree")
        return used

    def test_a_gateway_that_crashes_counts_what_it_gave(self):
        self.s3.put_object(Bucket=self.bucket, Key="f", Body=b"x")
        link = self.create("share", "--max", "1000", f"real:{self.bucket}/f")
        given = 0
        for _ in range(3):
            crowd = Crowd(self.gateway, link)
            crowd.wait(lambda seen: seen.count(303) >= 15, "claims before the crash")
            self.gateway.kill()
            given += crowd.stop().count(303)
            self.gateway.start()
            used = self.counted(link)
            self.assertTrue(given <= used <= 1000, f"{given} were seen, {used} counted")
        crowd = Crowd(self.gateway, link)
        crowd.wait(lambda seen: seen.count(410) >= 10, "the end of it")
        given += crowd.stop().count(303)
        self.assertEqual(self.counted(link), 1000)
        self.assertLessEqual(given, 1000)


class OnSqlite(Crashing, Served):
    pass


class OnPostgres(Crashing, Served):
    def setUp(self):
        self.postgres = support.Postgres()
        self.addCleanup(self.postgres.stop)
        super().setUp()

    def test_a_file_is_unlocked_downloaded_and_limited(self):
        data = pattern(MIB + 1)
        self.s3.put_object(Bucket=self.bucket, Key="film.mov", Body=data)
        link = self.create("share", "--max", "1", f"real:{self.bucket}/film.mov", password="let me in")
        seen = support.walk("download", url=link["url"], password="let me in", name="film.mov")
        self.assertEqual(seen["sums"], [hashlib.sha256(data).hexdigest()] * 2, "the second time on the same claim")
        self.assertIn("used up", seen["refused"])
        self.assertEqual((seen["problems"], self.show("share", link)["used"]), ([], 1))

    def test_a_database_that_crashes_counts_nothing_twice(self):
        self.s3.put_object(Bucket=self.bucket, Key="f", Body=b"x")
        link = self.create("share", "--max", "2000", f"real:{self.bucket}/f")
        crowd = Crowd(self.gateway, link)
        crowd.wait(lambda seen: seen.count(303) >= 40, "claims before the crash")
        self.postgres.control("crash")
        crowd.wait(lambda seen: seen.count(503) >= 10, "refusals meanwhile")
        status, page = support.fetch(link["url"])
        self.assertTrue(status == 503 and b"The link is fine" in page, page)
        self.assertEqual(support.fetch(f"{self.gateway.origin}/health")[0], 503)
        before = crowd.seen.count(303)
        self.postgres.control("start")
        crowd.wait(lambda seen: seen.count(303) > before, "claims afterwards, of the same gateway")
        crowd.wait(lambda seen: seen.count(410) >= 10, "the end of it")
        seen = crowd.stop()
        self.assertLessEqual(set(seen), {303, 410, 503})
        self.assertEqual(self.counted(link), 2000, "all of them, and no more")
        self.assertLessEqual(seen.count(303), 2000)


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
