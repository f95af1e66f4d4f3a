"""What the tests stand on: SeaweedFS on 127.0.0.1, botocore, the program as a command and on a terminal."""

import atexit
import base64
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import pyte

BINARY = os.environ["TWINPAIL_BINARY"]
ACCESS_KEY_ID = "GK0123456789abcdef01234567"
SECRET_ACCESS_KEY = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
DEADLINE = 30  # seconds; generous, as a test either sees what it waits for or fails


def need(program, package=None):
    """Where a program is; root installs the distribution's package of it where there is none."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    found = shutil.which(program, path=path)
    if not found and os.getuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", package or program]
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=True)
        found = shutil.which(program, path=path)
    assert found, f"no {program}: install the package {package or program}"
    return found


def free_ports(count):
    """Free TCP ports; SeaweedFS adds 10,000 to some of them for gRPC."""
    sockets = []
    while len(sockets) < count:
        candidate = socket.socket()
        candidate.bind(("127.0.0.1", 0))
        port = candidate.getsockname()[1]
        if port < 50000:
            grpc = socket.socket()
            try:
                grpc.bind(("127.0.0.1", port + 10000))
                sockets.append((candidate, grpc, port))
                continue
            except OSError:
                grpc.close()
        candidate.close()
    for candidate, grpc, _ in sockets:
        candidate.close()
        grpc.close()
    return [port for _, _, port in sockets]


def client(endpoint, keys=(ACCESS_KEY_ID, SECRET_ACCESS_KEY), **config):
    """botocore with SigV4, path style and the checksums that third parties take."""
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id=keys[0], aws_secret_access_key=keys[1],
        config=botocore.config.Config(
            signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 5},
            request_checksum_calculation="when_required", response_checksum_validation="when_required",
            **config,
        ),
    )  # fmt: skip


class Server:
    """One SeaweedFS, stopped by its pid.

    `https` serves the same objects a second time over TLS, at `https_endpoint`, with a `certificate` (a PEM file) that
    nobody knows yet. `volumes` says how many files of `volume_mib` MiB the objects may fill; each bucket takes several.
    """

    def __init__(self, https=False, volumes=200, volume_mib=256):
        self.folder = tempfile.mkdtemp(prefix="real-")
        master, volume, filer, s3, tls = free_ports(5)
        identities = {
            "identities": [
                {
                    "name": "test",
                    "credentials": [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}],
                    "actions": ["Admin", "Read", "Write", "List", "Tagging"],
                }
            ]
        }
        with open(f"{self.folder}/s3.json", "w") as file:
            json.dump(identities, file)
        os.mkdir(f"{self.folder}/data")
        weed = shutil.which("weed", path=f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}")
        self.log = open(f"{self.folder}/log", "w")
        self.endpoint = f"http://127.0.0.1:{s3}"
        self.https_endpoint = self.certificate = None
        over_tls = []
        if https:
            self.https_endpoint, self.certificate = f"https://127.0.0.1:{tls}", f"{self.folder}/tls.crt"
            key = self.make_certificate()
            over_tls = [f"-s3.port.https={tls}", f"-s3.cert.file={self.certificate}", f"-s3.key.file={key}"]
        self.process = subprocess.Popen(
            [
                weed, "-logtostderr=true", "-v=0", "server", f"-dir={self.folder}/data",
                "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false",
                f"-master.port={master}", f"-master.volumeSizeLimitMB={volume_mib}",
                f"-volume.port={volume}", f"-volume.max={volumes}", "-filer=true", f"-filer.port={filer}",
                f"-filer.localSocket={self.folder}/filer.sock", "-s3", f"-s3.port={s3}",
                f"-s3.config={self.folder}/s3.json", f"-s3.localSocket={self.folder}/s3.sock",
                "-s3.port.iceberg=0", "-s3.port.lance=0", *over_tls,
            ],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        atexit.register(self.stop)
        self.wait_until_writable()

    def make_certificate(self):
        """A certificate for this server alone, signed by itself; returns where its key is."""
        key = f"{self.folder}/tls.key"
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", self.certificate,
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        return key

    def wait_until_writable(self):
        """The S3 port answers before the volume server has joined; a stored object is the proof."""
        client = self.client()
        end = time.monotonic() + 2 * DEADLINE
        while True:
            try:
                client.create_bucket(Bucket="ready")
                client.put_object(Bucket="ready", Key="x", Body=b"x")
                return
            except Exception:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                select.select([], [], [], 0.2)

    def client(self, **config):
        return client(self.endpoint, **config)

    def stop(self):
        """At once: what it would spend half a minute on putting in order is removed."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_server = None


def server():
    """The server, started once for all tests."""
    global _server
    if _server is None:
        _server = Server()
    return _server


class Home:
    """A home folder of its own, with a configuration that knows the server as `real`, and `more` by their names."""

    def __init__(self, endpoint, keys=(ACCESS_KEY_ID, SECRET_ACCESS_KEY), **more):
        self.folder = tempfile.mkdtemp(prefix="home-")
        self.config = f"{self.folder}/config.toml"
        with open(self.config, "w") as file:
            file.write('default_profile = "real"\n')
            for name, url in {"real": endpoint, **more}.items():
                file.write(
                    f'[profiles.{name}]\nprovider = "seaweedfs"\nendpoint = "{url}"\n'
                    f'access_key_id = "{keys[0]}"\nsecret_access_key = "{keys[1]}"\n'
                )
        os.chmod(self.config, 0o600)

    def know(self, name, endpoint, provider):
        """Another profile with the same keys."""
        with open(self.config, "a") as file:
            file.write(
                f'[profiles.{name}]\nprovider = "{provider}"\nendpoint = "{endpoint}"\n'
                f'access_key_id = "{ACCESS_KEY_ID}"\nsecret_access_key = "{SECRET_ACCESS_KEY}"\n'
            )

    def environment(self, **more):
        return {
            "PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "TWINPAIL_CONFIG": self.config, "AWS_EC2_METADATA_DISABLED": "true", "TZ": "UTC", **more,
        }  # fmt: skip

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, *arguments, input=None, check=True):
        """Runs the program; returns the finished process with bytes in stdout and stderr."""
        done = subprocess.run(
            [BINARY, *arguments], input=input, stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True, timeout=4 * DEADLINE, env=self.environment(), cwd=self.folder,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}")
        return done

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres:
    """A PostgreSQL of its own (with-postgres), stopped with the end of its standard input."""

    def __init__(self):
        script = f"{os.path.dirname(os.path.abspath(__file__))}/with-postgres"
        told = 'printf "%s\\n" "$TWINPAIL_TEST_STORE" "$TWINPAIL_TEST_STORE_CONTROL"; cat >/dev/null'
        self.process = subprocess.Popen([script, "sh", "-c", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, self.program = (self.process.stdout.readline().strip() for _ in range(2))
        assert self.url, "no PostgreSQL"

    def control(self, what):
        """`crash` stops it without any goodbye, `start` starts it again."""
        subprocess.run([self.program, what], check=True, stdout=subprocess.DEVNULL, timeout=2 * DEADLINE)

    def stop(self):
        self.process.communicate()


def fetch(url, method="GET", data=None, headers=None):
    """Status and body of one request without any client library's S3 knowledge."""
    request = urllib.request.Request(url, method=method, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Terminal:
    """The program (or another `binary`) on a pseudo-terminal, its screen read the way a terminal would."""

    KEYS = {"enter": "\r", "esc": "\x1b", "tab": "\t", "down": "\x1b[B", "up": "\x1b[A", "f5": "\x1b[15~"}

    def __init__(self, home, *arguments, binary=BINARY, columns=120, rows=30, **environment):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home.folder)
            os.execve(binary, [binary, *arguments], home.environment(**environment))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.exit_code = None

    def pump(self):
        ready, _, _ = select.select([self.fd], [], [], 0.5)
        if not ready:
            return
        try:
            data = os.read(self.fd, 1 << 20)
        except OSError:
            data = b""
        self.feed(data)

    def feed(self, data):
        if not data:
            _, status = os.waitpid(self.pid, 0)
            self.exit_code = os.waitstatus_to_exitcode(status)
            return
        self.raw += data
        # Who asks what this terminal is hears that its clipboard may be set.
        for _ in range(data.count(b"\x1b[c")):
            os.write(self.fd, b"\x1b[?62;52c")
        self.stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*u|\x1bP.*?\x1b\\", b"", data, flags=re.S))

    def text(self):
        return "\n".join(self.screen.display)

    def wait(self, pattern):
        """Until the screen matches; fails with the screen."""
        return self.wait_for(lambda: re.search(pattern, self.text()), pattern)

    def wait_gone(self, pattern):
        """Until nothing on the screen matches."""
        return self.wait_for(lambda: not re.search(pattern, self.text()), f"screen without {pattern}")

    def wait_for(self, predicate, what):
        end = time.monotonic() + DEADLINE
        while True:
            found = predicate()
            if found:
                return found
            if self.exit_code is not None or time.monotonic() > end:
                raise AssertionError(f"no {what!r} (exit code {self.exit_code}) on this screen:\n{self.text()}")
            self.pump()

    def press(self, *keys):
        for key in keys:
            os.write(self.fd, self.KEYS.get(key, key).encode())

    def clipboard(self):
        """The text of the last OSC 52 sequence."""
        found = self.wait_for(lambda: re.findall(rb"\x1b\]52;c?;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)", self.raw), "OSC 52")
        return base64.b64decode(found[-1]).decode()

    def wait_exit(self):
        end = time.monotonic() + DEADLINE
        while self.exit_code is None:
            if time.monotonic() > end:
                raise AssertionError(f"still running:\n{self.text()}")
            self.pump()
        return self.exit_code

    def close(self):
        if self.exit_code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def walk(walk, /, **plan):
    """What Chromium sees on that walk (chromium/walk.mjs)."""
    browser = shutil.which("chromium-browser") or shutil.which("google-chrome") or need("chromium")
    script = f"{os.path.dirname(os.path.abspath(__file__))}/chromium/walk.mjs"
    command = ["node", script, json.dumps({"walk": walk, "chromium": browser, **plan})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
