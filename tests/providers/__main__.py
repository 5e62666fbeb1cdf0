"""`python -m tests.providers FOLDER [--port 8090] [--notify http://127.0.0.1:8000/api/v1/payments]`: run the fake."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from tests.providers.server import Fake


def stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where its books are")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0: any that is free")
    parser.add_argument("--notify", default="", help="where notifications go, without /stripe/notifications")
    said = parser.parse_args()
    said.folder.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        fake = Fake(said.folder, said.port, said.notify)
    except OSError:
        fake = Fake(said.folder, 0, said.notify)  # somebody else has the port
    (said.folder / "address").write_text(fake.base)
    print(fake.base, flush=True)
    fake.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
