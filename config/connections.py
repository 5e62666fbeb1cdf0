"""One client's connection: what has arrived of a request, and what the client has not taken yet of an answer.

Nothing here waits. A thread that reads finds the whole request, and a thread that writes leaves behind what does not
fit into the socket. config/gunicorn_worker.py receives and sends, and says how long a client may take.
"""

import errno
import math
import os
import re
import socket
import time
from collections import deque
from contextlib import suppress
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn

LONGEST_HEAD = 64 * 1024
# What gunicorn's own unreader takes from a socket at once. Its parser copies what it is given again and again.
READ_BYTES = 8 * 1024
FILE_BYTES = 256 * 1024
# A client that has left so much of a streamed answer untaken is let go.
MOST_UNSENT_BYTES = 32 * 1024 * 1024
CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[^\r\n]*\r\n")
# The slowest client that is waited for, however long its body or answer is: 16 KiB a second.
SECONDS_A_BYTE = 1 / (16 * 1024)


class Received:
    """What a client has sent, in the place of gunicorn's `Unreader`: the parser reads this and never the socket."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.position = 0
        self.searched = 0
        self.next_chunk = 0

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        """`size` bytes, or some when no size is named. Fewer only where what was received ends."""
        if size is None or size < 0:
            size = max(READ_BYTES, read_ahead or 0)
        piece = bytes(memoryview(self.data)[self.position : self.position + size])
        self.position += len(piece)
        return piece

    def unread(self, data: bytes) -> None:
        """Put bytes back in front of what has not been read."""
        self.data[: self.position] = data
        self.position = 0

    def forget_what_was_read(self) -> None:
        """Drop the bytes that were read."""
        del self.data[: self.position]
        self.position = self.searched = self.next_chunk = 0

    def has_head(self) -> bool:
        """Whether a head is there, or something that gunicorn refuses without the rest: a bare LF, or too much."""
        ended = self.data.find(b"\r\n\r\n", self.searched) >= 0
        self.searched = max(0, len(self.data) - 3)
        return ended or len(self.data) > LONGEST_HEAD or self.data.count(b"\n") != self.data.count(b"\r\n")

    def has_last_chunk(self) -> bool:
        """Whether a body in chunks is there to its end, or to something that gunicorn refuses as no chunk."""
        while self.next_chunk < len(self.data):
            line = CHUNK_SIZE.match(self.data, self.next_chunk)
            overlong = len(self.data) - self.next_chunk > LONGEST_HEAD
            if line is None:
                return overlong or self.data.find(b"\n", self.next_chunk) >= 0
            size = int(line[1], 16)
            if not size:  # an empty line follows, or trailers and an empty line
                return overlong or self.data.find(b"\r\n\r\n", line.end() - 2) >= 0
            self.next_chunk = line.end() + size + 2
        return False


class HeldParser(RequestParser):
    """gunicorn's parser, which reads a head when it has arrived and tells of it when a thread asks."""

    def __init__(self, cfg: Any, client: Any) -> None:
        super().__init__(cfg, (), client)
        self.unreader = Received()
        self.failure: Exception | None = None

    def read_head(self) -> None:
        """Parse the head that has arrived. An error is kept for the thread that takes the request."""
        self.req_count += 1
        try:
            self.mesg = self.mesg_class(self.cfg, self.unreader, self.source_addr, self.req_count)
        except NoMoreData:
            self.failure = LimitRequestHeaders(f"A head ends at {LONGEST_HEAD} bytes.")
        except Exception as error:  # a thread meets it in __next__, and gunicorn answers there
            self.failure = error
        self.unreader.forget_what_was_read()

    def __next__(self) -> Any:
        if self.failure:
            raise self.failure
        return self.mesg

    def has_body(self) -> bool:
        """Whether the whole body is there. After a failed head no body is waited for."""
        if self.failure:
            return True
        reader = self.mesg.body.reader
        if isinstance(reader, ChunkedReader):
            return self.unreader.has_last_chunk()
        return len(self.unreader.data) >= int(reader.length)

    def least_length(self) -> int:
        """How long the body is as far as one knows: as its head says, or as much as has arrived in chunks."""
        return getattr(self.mesg.body.reader, "length", len(self.unreader.data))

    def wants_word_to_go_on(self) -> bool:
        """Whether the client waits for "100 Continue" with its body; true once for each request."""
        wants, self.mesg._expected_100_continue = self.mesg._expected_100_continue, False
        return bool(wants)

    def forget_request(self) -> None:
        """Drop the request that was answered."""
        self.mesg = None
        self.unreader.forget_what_was_read()


class FilePart:
    """What is still to be sent of a file, which is opened a second time: a response closes its own when it ends."""

    def __init__(self, file: Any, offset: int, count: int) -> None:
        self.file = os.fdopen(os.dup(file.fileno()), "rb", buffering=0)
        self.offset, self.count = offset, count

    def read(self) -> memoryview:
        """The next piece of the file. Raises ConnectionAbortedError when the file has become shorter."""
        piece = os.pread(self.file.fileno(), min(FILE_BYTES, self.count), self.offset)
        if not piece:
            raise ConnectionAbortedError("A file has become shorter than its answer said.")
        return memoryview(piece)


class ClientSocket(socket.socket):
    """A socket that never blocks. What the client does not take at once is kept until `send_rest` is called."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        super().setblocking(False)
        self.unsent: deque[memoryview | FilePart] = deque()
        self.held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Keep the answer that is about to be written for so long. The poller sends it, and no thread waits."""
        self.held_until = time.monotonic() + seconds
        self.unsent.append(memoryview(b""))  # behind which `sendall` puts everything

    def setblocking(self, flag: bool) -> None:
        """gunicorn makes a socket block for its threads; this one stays as it is."""

    def settimeout(self, value: float | None) -> None:
        """Nothing, as in `setblocking`: only the poller waits for this socket."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send what the client takes now and keep the rest."""
        sent = 0
        if not self.unsent:
            with suppress(BlockingIOError):
                sent = self.send(data)
            if sent == len(data):
                return
        elif self.unsent_bytes() > MOST_UNSENT_BYTES:
            raise BrokenPipeError(errno.EPIPE, "The client does not take its answer.")
        self.unsent.append(memoryview(data)[sent:])

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send what the client takes now and keep the place in the file."""
        size = os.fstat(file.fileno()).st_size - offset if count is None else count
        if size:
            self.unsent.append(FilePart(file, offset, size))
            self.send_rest()
        return size

    def send_rest(self) -> int:
        """Send of what is kept as much as the client takes; how many bytes that was."""
        total = 0
        while self.unsent:
            first = self.unsent[0]
            piece = first.read() if isinstance(first, FilePart) else first
            try:
                sent = self.send(piece)
            except BlockingIOError:
                break
            total += sent
            if isinstance(first, FilePart):
                first.offset, first.count = first.offset + sent, first.count - sent
                done = not first.count
            else:
                self.unsent[0] = piece[sent:]
                done = sent == len(piece)
            if done:
                self.unsent.popleft()
        return total

    def unsent_bytes(self) -> int:
        """How much of the answer is in memory; of a file nothing is."""
        return sum(len(piece) for piece in self.unsent if isinstance(piece, memoryview))


class Connection(TConn):
    """A client, what it is waited for, and until when."""

    sock: ClientSocket

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, ClientSocket(sock), client, server)
        self.parser = HeldParser(cfg, client)
        self.initialized = True  # nothing is left for a thread to do before the first request
        self.watched = False
        self.keep = True
        self.since, self.deadline = 0.0, math.inf
        # Of the request that is under way: when it must be answered, whether that is over, and the thread that has it.
        self.answer_by, self.is_late, self.thread = math.inf, False, 0
        self.is_in_lane = False
        # Of a request that waits for news: until when it does so in all, and whether that is over.
        self.waits_until, self.has_waited = 0.0, False

    def wait(self, seconds: float) -> None:
        """Let the client have so many seconds from now on; `math.inf` while a thread has the connection."""
        self.since = time.monotonic()
        self.deadline = self.since + seconds

    def moved(self, count: int) -> None:
        """Let the client have the time that so many bytes of body or answer may take."""
        self.deadline += count * SECONDS_A_BYTE

    @property
    def received(self) -> bytearray:
        """The bytes that have arrived and were not read yet."""
        return self.parser.unreader.data

    @property
    def is_served(self) -> bool:
        """Whether a thread has the connection."""
        return self.deadline == math.inf

    @property
    def is_silent(self) -> bool:
        """Whether nothing is under way: before the first request, or between two of them."""
        return self.keep and not (self.is_served or self.received or self.parser.mesg or self.sock.unsent)

    def held_bytes(self) -> int:
        """Its part of this process's memory. What a thread is writing at this moment is not the poller's to count."""
        return len(self.received) + (0 if self.is_served else self.sock.unsent_bytes())
