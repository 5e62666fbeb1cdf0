"""What gunicorn serves in tests of the wire: the shop, and beside it paths that show what has arrived."""

import os
import threading
import time
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from config.wsgi import application as shop
from database.expensive import enter_lane
from tests.wire import LARGE


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """/echo answers with method, length and digest of a body, /large at once, /pieces in many, /pid with a process.

    /held is told to wait, and /lane works in the lane for as many milliseconds as its query says.
    """
    path = environ["PATH_INFO"]
    if path == "/echo":
        body = environ["wsgi.input"].read()
        answer = [f"{environ['REQUEST_METHOD']} {len(body)} {sha256(body).hexdigest()}".encode()]
    elif path == "/pid":
        answer = [str(os.getpid()).encode()]
    elif path == "/held":
        environ["gunicorn.socket"].hold(0.5)
        answer = [b"held"]
    elif path == "/lane":
        enter_lane()
        time.sleep(int(environ["QUERY_STRING"]) / 1000)
        answer = [threading.current_thread().name.encode()]
    elif path == "/large":
        answer = [LARGE]
    elif path == "/pieces":
        answer = [LARGE[at : at + 65536] for at in range(0, len(LARGE), 65536)]
    else:
        return shop(environ, start_response)
    start_response("200 OK", [("Content-Length", str(sum(map(len, answer))))])
    return answer
