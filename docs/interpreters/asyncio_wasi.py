"""asyncio for a Python that has neither threads nor sockets, as CPython for WASI.

    python.wasm asyncio_wasi.py SCRIPT ARGUMENT...

runs a script that knows nothing of this. A script may also import it before it makes an
event loop. Such a loop waits in poll(2), for stdin and for timers. What is given to an
executor runs at once, in the only thread; the exception are lines of stdin
(sys.stdin.readline and input), for which the caller waits while other tasks run.
"""

import asyncio
import collections
import functools
import io
import os
import runpy
import sys

STDIN = 0
CHUNK_BYTES = 65536


class Stdin(io.TextIOBase):
    """Text from stdin that keeps no line back from those who wait for it."""

    def __init__(self):
        self.lines = collections.deque()
        self.rest = b""
        self.ended = False

    def fileno(self):
        return STDIN

    def readable(self):
        return True

    def fill(self):
        """Reads once, which waits if nothing has arrived."""
        data = os.read(STDIN, CHUNK_BYTES)
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.lines.extend(line + b"\n" for line in lines)
        if not data:
            self.ended = True
            self.lines.append(self.rest)
            self.rest = b""

    def readline(self, size=-1):
        while not self.lines and not self.ended:
            self.fill()
        return self.lines.popleft().decode() if self.lines else ""


class Loop(asyncio.SelectorEventLoop):
    """An event loop without the pair of sockets by which other threads wake it."""

    def __init__(self, selector=None):
        super().__init__(selector)
        self._readers = collections.deque()

    def _make_self_pipe(self):
        self._ssock = self._csock = None

    def _close_self_pipe(self):
        pass

    def run_in_executor(self, executor, func, *args):
        future = self.create_future()
        called = func
        if isinstance(func, functools.partial) and func.args:
            called = func.args[0]  # asyncio.to_thread wraps what it is given
        if called == sys.stdin.readline or called is input:
            self._readers.append((future, called is input))
            self._serve_readers()
            return future
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _serve_readers(self):
        stdin = sys.stdin
        while self._readers and (stdin.lines or stdin.ended):
            future, as_input = self._readers.popleft()
            if future.done():
                continue
            line = stdin.readline()
            if not as_input:
                future.set_result(line)
            elif line:
                future.set_result(line.removesuffix("\n"))
            else:
                future.set_exception(EOFError())
        if self._readers:
            self.add_reader(STDIN, self._stdin_is_readable)
        else:
            self.remove_reader(STDIN)

    def _stdin_is_readable(self):
        sys.stdin.fill()
        self._serve_readers()


class Policy(asyncio.DefaultEventLoopPolicy):
    _loop_factory = Loop


sys.stdin = Stdin()
asyncio.set_event_loop_policy(Policy())

if __name__ == "__main__":
    del sys.argv[0]
    if not sys.argv:
        sys.exit("asyncio_wasi.py: which script? python.wasm asyncio_wasi.py SCRIPT")
    sys.modules["asyncio_wasi"] = sys.modules["__main__"]
    sys.path[0] = os.path.dirname(sys.argv[0])
    runpy.run_path(sys.argv[0], run_name="__main__")
