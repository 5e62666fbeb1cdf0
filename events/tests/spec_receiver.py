"""A receiver in a process of its own that checks each webhook by the specification's own library.

It names its port, reads its secret from its standard input, and then writes a line for each webhook: `verified` or
`refused`, the id, the status that it answers, the body. So many of a hundred as `--failing` says are answered 500
although they are genuine.
"""

import argparse
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Checks, tells, and answers 204; 500 for what it is to fail, 400 for what is not genuine."""

    secret: str
    failing: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            Webhook(self.secret).verify(body, dict(self.headers.items()))
            word, status = "verified", 500 if random.randrange(100) < self.failing else 204  # noqa: S311
        except WebhookVerificationError:
            word, status = "refused", 400
        with lock:
            print(word, self.headers["webhook-id"], status, body.decode(), flush=True)
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--failing", type=int, default=0)
    failing = parser.parse_args().failing
    handler = type("One", (Handler,), {"failing": failing, "secret": ""})
    server = Server(("127.0.0.1", 0), handler)
    print(server.server_address[1], flush=True)
    handler.secret = sys.stdin.readline().strip()  # type: ignore[attr-defined]
    server.serve_forever()


if __name__ == "__main__":
    main()
