"""A worker without one protection, for controls."""

from config.gunicorn_worker import BufferedThreadWorker


class ForgetfulWorker(BufferedThreadWorker):
    """Forgets the connections that wait in its queue when it stops, as gunicorn's own workers do."""

    def stop_accepting(self) -> None:
        """Nothing."""
