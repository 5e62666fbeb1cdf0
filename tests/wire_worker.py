"""Workers for trials: one without a protection, and one that is told to stop at an awkward moment."""

import signal
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
