"""The browser on a terminal against a foreign server: walk, copy both ways, link, quit."""

import os
import unittest

import support
from support import fetch
from test_commands import pattern

MIB = 1 << 20


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.server()
        cls.s3 = cls.server.client()
        cls.s3.create_bucket(Bucket="browser")
        cls.s3.put_object(Bucket="browser", Key="photos/one.txt", Body=b"the first photo")
        cls.s3.put_object(Bucket="browser", Key="photos/two.bin", Body=pattern(40 * MIB, seed=9))

    def setUp(self):
        self.home = support.Home(self.server.endpoint)
        self.addCleanup(self.home.remove)
        os.mkdir(self.home.path("here"))

    def start(self, *arguments, **options):
        terminal = support.Terminal(self.home, *arguments, **options)
        self.addCleanup(terminal.close)
        return terminal

    def test_a_link_in_two_keys(self):
        terminal = self.start("here", "real:browser/photos/", SSH_CONNECTION="127.0.0.1 1 127.0.0.1 2")
        terminal.wait(r"one\.txt")
        terminal.press("tab", "y")
        self.assertEqual(fetch(terminal.clipboard()), (200, b"the first photo"))
        terminal.wait(r"Esc close")
        terminal.press("esc")
        # An Esc with a letter right behind it is what a terminal sends for Alt and the letter.
        terminal.wait_gone(r"Esc close")
        terminal.press("q")
        self.assertEqual(terminal.wait_exit(), 0)
        self.assertIn(b"\x1b[?1049l", terminal.raw)

    def test_download_then_upload(self):
        terminal = self.start("here", "real:browser/photos/", columns=80, rows=24)
        terminal.wait(r"two\.bin")
        terminal.press("tab", "G", "f5")
        path = self.home.path("here", "two.bin")
        terminal.wait_for(lambda: os.path.exists(path), "downloaded file")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), pattern(40 * MIB, seed=9))
        data = pattern(37 * MIB, seed=10)
        with open(self.home.path("here", "up.bin"), "wb") as file:
            file.write(data)
        terminal.press("tab", "R")
        terminal.wait(r"up\.bin")
        terminal.press("G", "c")
        terminal.wait(r"(?s)up\.bin.*up\.bin")
        terminal.wait_for(lambda: "Contents" in self.s3.list_objects_v2(Bucket="browser", Prefix="photos/up.bin"), "object")
        self.assertEqual(self.s3.get_object(Bucket="browser", Key="photos/up.bin")["Body"].read(), data)
        terminal.press("q")
        self.assertEqual(terminal.wait_exit(), 0)

    def test_walk_from_the_buckets_and_back(self):
        terminal = self.start("here", "real:")
        terminal.wait(r"browser")
        terminal.press("tab", "/", "brow", "enter", "enter")
        terminal.wait(r"photos/")
        terminal.press("enter")
        terminal.wait(r"one\.txt")
        terminal.press("h", "h")
        terminal.wait(r"ready")
        terminal.press("q")
        self.assertEqual(terminal.wait_exit(), 0)
