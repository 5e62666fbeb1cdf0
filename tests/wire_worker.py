"""Workers for trials: one without a protection, and one that is told to stop at an awkward moment."""

import os
import signal
import time
from typing import Any

from config.gunicorn_worker import BufferedThreadWorker


class ForgetfulWorker(BufferedThreadWorker):
    """Forgets the connections that wait in its queue when it stops, as gunicorn's own workers do."""

    def stop_accepting(self) -> None:
        """Nothing."""


class StoppedWorker(BufferedThreadWorker):
    """Leaves its second connection to another worker, and is told to stop in this very moment."""

    def accept(self, listener: Any) -> None:
        """As if the last place belonged to a worker without connections, and the signal came now."""
        if self.shared and self.nr_conns:
            self.shared.write(len(self.shared.counts) - 1, 0)
            self.handle_exit(signal.SIGTERM, None)
        super().accept(listener)


class WorkerToldTooSoon(BufferedThreadWorker):
    """Has the master stop everything before this worker has its handlers of signals."""

    def init_signals(self) -> None:
        """Wait for the signal, for two seconds where it is not kept, and only then look after signals."""
        os.kill(os.getppid(), signal.SIGTERM)
        deadline = time.monotonic() + 2
        while signal.SIGTERM not in signal.sigpending() and time.monotonic() < deadline:
            time.sleep(0.01)
        super().init_signals()
