"""A TCP proxy that is far away: `delay.py PORT SECONDS` prints its address and passes bytes on to 127.0.0.1:PORT.

Each direction takes SECONDS, and so a connection waits twice that for its handshake. Nothing limits the bandwidth but
this program itself, which is why it can say how fast it is (`limit`). Loss and slow start are not imitated.
"""

import asyncio
import contextlib
import fcntl
import os
import resource
import socket
import subprocess
import sys
import threading
import time

CHUNK = 1 << 20
# Chunks on their way in one direction of one connection. A chunk is what came since the last look, often far less.
IN_FLIGHT = 512


class Pipe:
    """Where a chunk waits. `splice` moves it socket, pipe, socket without a copy: the machine is left to others."""

    spare = []

    def __init__(self):
        ends = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # As files they are closed when nobody knows them any more, as after a broken connection.
        self.exit, self.entry = open(ends[0], "rb", 0), open(ends[1], "wb", 0)
        with contextlib.suppress(PermissionError):  # a user may have only so much room in pipes
            fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, CHUNK)


async def splice(source, sink, size):
    """Moves up to size bytes from a socket to a pipe or back, once the socket lets it; how many, 0 at the end."""
    loop = asyncio.get_running_loop()
    if isinstance(source, socket.socket):
        end, watch, unwatch = source, loop.add_reader, loop.remove_reader
    else:
        end, watch, unwatch = sink, loop.add_writer, loop.remove_writer
    while True:
        try:
            return os.splice(source.fileno(), sink.fileno(), size, flags=os.SPLICE_F_NONBLOCK)
        except BlockingIOError:
            ready = loop.create_future()
            watch(end, lambda future=ready: future.done() or future.set_result(None))
            try:
                await ready
            finally:
                unwatch(end)


async def read(source, arrived, room, delay, opened):
    """Notes for each chunk when it is due at the other end; an empty one is the end of the stream."""
    loop = asyncio.get_running_loop()
    size = None
    while size != 0:
        await room.acquire()
        pipe = Pipe.spare.pop() if Pipe.spare else Pipe()
        size = await splice(source, pipe.entry, CHUNK)
        arrived.put_nowait((max(loop.time(), opened) + delay, pipe, size))
        # A source that is never empty would not let the other tasks run.
        await asyncio.sleep(0)


async def write(sink, arrived, room):
    """Sends each chunk when it is due."""
    loop = asyncio.get_running_loop()
    size = None
    while size != 0:
        due, pipe, size = await arrived.get()
        early = due - loop.time()
        if early > 0:
            await asyncio.sleep(early)
        left = size
        while left > 0:
            left -= await splice(pipe.exit, sink, left)
        Pipe.spare.append(pipe)
        room.release()
    sink.shutdown(socket.SHUT_WR)


def one_way(source, sink, delay, opened):
    """The two tasks that carry bytes from source to sink."""
    arrived, room = asyncio.Queue(), asyncio.Semaphore(IN_FLIGHT)
    return read(source, arrived, room, delay, opened), write(sink, arrived, room)


async def carry(near, port, delay):
    """One connection, until both sides have said all they had to say."""
    loop = asyncio.get_running_loop()
    opened = loop.time() + 2 * delay
    far = socket.socket()
    far.setblocking(False)
    try:
        await loop.sock_connect(far, ("127.0.0.1", port))
        for end in [near, far]:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.TaskGroup() as group:
            for task in [*one_way(near, far, delay, opened), *one_way(far, near, delay, opened)]:
                group.create_task(task)
    except* OSError:
        pass  # one side went away, and the other one hears of it by the close
    finally:
        near.close()
        far.close()


async def serve(port, delay):
    loop = asyncio.get_running_loop()
    connections = set()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.setblocking(False)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            near, _ = await loop.sock_accept(listener)
            near.setblocking(False)
            task = loop.create_task(carry(near, port, delay))
            connections.add(task)
            task.add_done_callback(connections.discard)


class Delay:
    """The proxy as a process of its own, for a `with` block."""

    def __init__(self, port, seconds):
        command = [sys.executable, __file__, str(port), str(seconds)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.endpoint = self.process.stdout.readline().strip()
        self.port = int(self.endpoint.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def limit(seconds, mib=1024):
    """MiB a second that the proxy carries with nothing to do beside it, both ends being this script."""
    block = memoryview(bytearray(1 << 20))

    def swallow():
        connection, _ = listener.accept()
        with connection:
            into = bytearray(1 << 20)
            while connection.recv_into(into):
                pass
            connection.sendall(b"all")

    with socket.create_server(("127.0.0.1", 0)) as listener, Delay(listener.getsockname()[1], seconds) as proxy:
        thread = threading.Thread(target=swallow)
        thread.start()
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", proxy.port)) as source:
            for _ in range(mib):
                source.sendall(block)
            source.shutdown(socket.SHUT_WR)
            source.recv(3)
        thread.join()
    return mib / (time.monotonic() - start)


if __name__ == "__main__":
    try:
        asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
    except KeyboardInterrupt:
        pass
