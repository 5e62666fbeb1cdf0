"""`manage.py receive_webhooks`: a receiver on this machine that checks each webhook and prints it, for developers."""

import json
from argparse import ArgumentTypeError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from database.arguments import whole_number
from events.webhooks.signing import NotGenuine, key_of, verify

MAX_BODY = 1024 * 1024


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to a webhook whose signature is right, and 400 to any other."""

    secret: ClassVar[str] = ""
    write: ClassVar[Any] = print

    def do_POST(self) -> None:
        """Check a webhook, print it and answer."""
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), MAX_BODY)) if length.isascii() and length.isdigit() else b""
        try:
            verify({name.lower(): value for name, value in self.headers.items()}, body, self.secret)
            message = json.loads(body)
        except (NotGenuine, ValueError) as error:
            type(self).write(f"refused: {error}")
            self.send_response(400)
        else:
            data = json.dumps(message["data"])
            type(self).write(f"verified {self.headers['webhook-id']} {message['type']} {message['subject']} {data}")
            self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: each webhook has its line already."""


def secret(text: str) -> str:
    """A secret that can sign."""
    try:
        key_of(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


class Command(BaseCommand):
    """The command."""

    help = "Receive webhooks on this machine until Ctrl-C, check each signature, and print what is genuine."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        parser.add_argument("--port", type=whole_number(1, 65_535), default=8300, help="(default: %(default)s)")
        parser.add_argument("--secret", required=True, type=secret, help="What signs the webhooks: whsec_…")

    def handle(self, *args: Any, **options: Any) -> None:
        """Receive until Ctrl-C."""

        def write(line: str) -> None:
            self.stdout.write(line)
            self.stdout.flush()

        handler = type("Handler", (Receiver,), {"secret": options["secret"], "write": staticmethod(write)})
        try:
            server = ThreadingHTTPServer(("127.0.0.1", options["port"]), handler)
        except OSError as error:
            raise CommandError(f"Port {options['port']} cannot be used: {error.strerror}.") from None
        write(f"Receiving on http://127.0.0.1:{options['port']}/ until Ctrl-C.")
        with server:
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                write("Stopped.")
