"""Secrets in the keyring of a desktop's session: D-Bus and gnome-keyring as they run there, libsecret's own tool as the other
reader."""

import os
import select
import signal
import subprocess
import unittest

import support


class Session(support.Home):
    """A home folder with a session bus of its own and an unlocked keyring on it, gone with the end of its standard input."""

    def __init__(self, endpoint):
        super().__init__(endpoint)
        self.bus = self.process = None

    def start(self):
        runtime = self.path("run")
        os.mkdir(runtime, 0o700)
        # The daemon goes into the background once it answers, and ends with its bus.
        script = (
            'printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null; '
            'echo "$DBUS_SESSION_BUS_ADDRESS"; cat >/dev/null'
        )
        self.process = subprocess.Popen(
            ["dbus-run-session", "--", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True, env=self.environment(XDG_RUNTIME_DIR=runtime),
        )  # fmt: skip
        told, _, _ = select.select([self.process.stdout], [], [], support.DEADLINE)
        self.bus = self.process.stdout.readline().strip() if told else None
        assert self.bus, "no session bus"

    def environment(self, **more):
        if self.bus:
            more["DBUS_SESSION_BUS_ADDRESS"] = self.bus
        return super().environment(**more)

    def kept(self):
        """What libsecret finds of this program: attributes and secrets."""
        command = ["secret-tool", "search", "--all", "service", "twinpail"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=support.DEADLINE, env=self.environment())
        return done.stdout + done.stderr

    def stop(self):
        if not self.process:
            return
        process, self.process, self.bus = self.process, None, None
        try:
            process.communicate(timeout=support.DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise


class Keyring(unittest.TestCase):
    def setUp(self):
        support.need("dbus-run-session", "dbus-daemon")
        support.need("gnome-keyring-daemon", "gnome-keyring")
        support.need("secret-tool", "libsecret-tools")
        self.home = Session(support.server().endpoint)
        self.addCleanup(self.home.remove)
        self.addCleanup(self.home.stop)
        self.home.start()
        with open(self.home.config, "w"):
            pass

    def config(self):
        with open(self.home.config) as file:
            return file.read()

    def add(self, *options, secret=support.SECRET_ACCESS_KEY, check=True):
        return self.home.run(
            "profile", "add", "lab", "--provider", "seaweedfs", "--endpoint", support.server().endpoint,
            "--access-key-id", support.ACCESS_KEY_ID, *options, input=f"{secret}\n".encode(), check=check,
        )  # fmt: skip

    def test_a_secret_lives_in_the_keyring_as_long_as_its_profile(self):
        # Nobody says where: a session with a keyring uses it.
        self.add()
        self.assertIn('secret = "keyring"', self.config())
        self.assertNotIn(support.SECRET_ACCESS_KEY, self.config())
        self.assertIn(support.SECRET_ACCESS_KEY, self.home.kept())
        self.assertIn("ready", self.home.run("ls", "lab:").stdout.decode())
        self.assertIn("secret in the keyring", self.home.run("profile", "list").stdout.decode())
        self.home.run("profile", "remove", "lab")
        self.assertNotIn("lab", self.config())
        self.assertNotIn(support.SECRET_ACCESS_KEY, self.home.kept())
        self.assertEqual(self.home.run("ls", "lab:", check=False).returncode, 2)

    def test_a_secret_that_does_not_work_is_not_kept(self):
        self.assertEqual(self.add(secret="wrong", check=False).returncode, 1)
        self.assertEqual((self.config(), "lab" in self.home.kept()), ("", False))

    def test_a_keyring_that_lost_the_secret_or_is_gone_is_told(self):
        self.add("--store", "keyring")
        subprocess.run(["secret-tool", "clear", "service", "twinpail"], check=True, env=self.home.environment())
        lost = self.home.run("ls", "lab:", check=False)
        self.assertEqual(lost.returncode, 1)
        self.assertIn("the keyring has no secret for lab", lost.stderr.decode())
        self.home.stop()
        gone = self.home.run("ls", "lab:", check=False)
        self.assertEqual(gone.returncode, 1)
        self.assertIn("keyring of this machine", gone.stderr.decode())
        self.assertIn("sealed", gone.stderr.decode())


if __name__ == "__main__":
    unittest.main()
