"""Links onto the clipboard by every way: through tmux (also nested) and screen, over a real sshd, to a desktop."""

import contextlib
import getpass
import os
import select
import shutil
import subprocess
import time
import unittest

import support
from support import BINARY, fetch, need


class Clipboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.server()
        s3 = cls.server.client()
        s3.create_bucket(Bucket="clipboard")
        s3.put_object(Bucket="clipboard", Key="cat.txt", Body=b"meow")

    def setUp(self):
        self.home = support.Home(self.server.endpoint)
        self.addCleanup(self.home.remove)

    def write(self, name, text, mode=0o600):
        path = self.home.path(name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def terminal(self, binary, *arguments, **environment):
        # Sockets of tmux and screen stay in the home folder.
        sockets = self.home.path("sockets")
        os.makedirs(sockets, mode=0o700, exist_ok=True)
        environment = {"TMUX_TMPDIR": sockets, "SCREENDIR": sockets, **environment}
        terminal = support.Terminal(self.home, *arguments, binary=binary, **environment)
        self.addCleanup(terminal.close)
        return terminal

    def copy(self, terminal, said):
        """Two keys to a link; the dialog says what became of it."""
        terminal.wait("cat\\.txt")
        terminal.press("y")
        terminal.wait(said)

    def check(self, text):
        self.assertEqual(fetch(text), (200, b"meow"))

    def tmux(self, *configurations, name="level"):
        """The program in tmux, in another tmux for each further configuration; `name` and a number are their sockets."""
        tmux = need("tmux")
        command = [BINARY, "real:clipboard/"]
        for level, configuration in enumerate(configurations):
            path = self.write(f"tmux{level}.conf", configuration)
            # The name of the outer one is not the inner one's affair.
            command = ["env", "-u", "TMUX", tmux, "-L", f"{name}{level}", "-f", path, "new-session", *command]
            stop = [tmux, "-L", f"{name}{level}", "kill-server"]
            environment = self.home.environment(TMUX_TMPDIR=self.home.path("sockets"))
            self.addCleanup(subprocess.run, stop, env=environment, capture_output=True)
        return self.terminal(shutil.which("env"), *command[1:])

    def test_tmux_passes_it_on_by_default_and_with_set_clipboard_on(self):
        for name, configuration in [("default", ""), ("on", "set -g set-clipboard on\n")]:
            with self.subTest(name):
                terminal = self.tmux(configuration, name=name)
                self.copy(terminal, "Sent to your terminal through tmux")
                self.check(terminal.clipboard())
                environment = self.home.environment(TMUX_TMPDIR=self.home.path("sockets"))
                held = subprocess.run(
                    ["tmux", "-L", f"{name}0", "list-buffers", "-F", "#{buffer_name} #{buffer_sample}"],
                    env=environment, capture_output=True, text=True,
                ).stdout  # fmt: skip
                self.assertNotIn("twinpail", held, "a link is a secret, and is left in a buffer")

    def test_a_nested_tmux_passes_it_on_where_the_outer_one_takes_it(self):
        terminal = self.tmux("", "set -g set-clipboard on\n")
        self.copy(terminal, "through tmux, which does not confirm it")
        self.check(terminal.clipboard())

    def test_screen_passes_it_on(self):
        configuration = self.write("screenrc", "startup_message off\ndefutf8 on\n")
        terminal = self.terminal(need("screen"), "-c", configuration, "-S", "clip", BINARY, "real:clipboard/")
        stop = ["screen", "-S", "clip", "-X", "quit"]
        environment = self.home.environment(SCREENDIR=self.home.path("sockets"))
        self.addCleanup(subprocess.run, stop, env=environment, capture_output=True)
        self.copy(terminal, "Sent to screen")
        self.check(terminal.clipboard())

    def test_it_travels_over_ssh_and_is_asked_for(self):
        sshd = need("sshd", "openssh-server")
        need("ssh", "openssh-client")
        for name in ["host", "user"]:
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.home.path(name)]
            subprocess.run(command, check=True)
        shutil.copy(self.home.path("user.pub"), self.home.path("authorized"))
        (port,) = support.free_ports(1)
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        configuration = self.write(
            "sshd.conf",
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.home.path('host')}\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {self.home.path('authorized')}\nStrictModes no\nPermitRootLogin yes\n"
            "PasswordAuthentication no\n",
        )
        daemon = subprocess.Popen([sshd, "-D", "-e", "-f", configuration], stderr=subprocess.PIPE, text=True)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        while "listening" not in (line := daemon.stderr.readline()):
            self.assertTrue(line, "sshd ended")
        variables = self.home.environment()
        variables = [f"{name}={variables[name]}" for name in ["HOME", "LANG", "TERM", "TWINPAIL_CONFIG"]]
        terminal = self.terminal(
            shutil.which("ssh"), "-tt", "-F", "none", "-p", str(port), "-i", self.home.path("user"),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes",
            f"{getpass.getuser()}@127.0.0.1", "env", *variables, BINARY, "real:clipboard/",
        )  # fmt: skip
        # This terminal says of itself that its clipboard may be set.
        self.copy(terminal, "Sent to your terminal, which takes it")
        self.check(terminal.clipboard())

    def desktop(self):
        """A display of its own; what is on its clipboard."""
        read, write = os.pipe()
        command = [need("Xvfb", "xvfb"), "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
        server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        os.close(write)
        with os.fdopen(read) as ready:
            display = f":{ready.readline().strip()}"
        xclip = need("xclip")
        environment = {**os.environ, "DISPLAY": display}

        def held():
            command = [xclip, "-o", "-selection", "clipboard"]
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30).stdout

        return display, held

    @staticmethod
    def variables(pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ") as file:
            return file.read()
        return ""

    def settled(self, held):
        end = time.monotonic() + support.DEADLINE
        while not (text := held()):
            self.assertLess(time.monotonic(), end, "nothing is on the clipboard")
            select.select([], [], [], 0.05)
        return text

    def test_a_desktop_has_it_also_after_the_end(self):
        display, held = self.desktop()
        terminal = self.terminal(BINARY, "real:clipboard/", DISPLAY=display)
        self.copy(terminal, "Copied by the desktop's clipboard")
        self.check(held())
        terminal.press("esc")
        terminal.wait_gone("Esc close")
        terminal.press("q")
        self.assertEqual(terminal.wait_exit(), 0)
        # Another process takes it over, which ends once somebody else copies something.
        self.check(self.settled(held))
        keepers = subprocess.run(["pgrep", "-f", "__clipboard"], capture_output=True, text=True).stdout.split()
        mine = [pid for pid in keepers if f"HOME={self.home.folder}\0" in self.variables(pid)]
        self.assertEqual(len(mine), 1)
        subprocess.run(["xclip", "-selection", "clipboard"], input=b"x", env={**os.environ, "DISPLAY": display}, check=True)
        self.settled(lambda: not os.path.exists(f"/proc/{mine[0]}/environ") or not self.variables(mine[0]))

    def test_a_real_terminal_takes_it(self):
        display, held = self.desktop()
        script = self.write("copy.sh", f'"{BINARY}" presign --copy real:clipboard/cat.txt; echo >done; read wait\n')
        os.mkfifo(self.home.path("done"))
        environment = self.home.environment(DISPLAY=display, SSH_CONNECTION="127.0.0.1 1 127.0.0.1 2")
        del environment["LANG"]
        xterm = subprocess.Popen(
            [need("xterm"), "-xrm", "*allowWindowOps: true", "-e", "sh", script],
            env=environment, cwd=self.home.folder, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.addCleanup(xterm.wait)
        self.addCleanup(xterm.kill)
        with open(self.home.path("done")) as done:
            done.read()
        # The terminal sets it in its own time.
        self.check(self.settled(held))


if __name__ == "__main__":
    unittest.main()
