"""The client that sends webhooks: addresses, names, certificates, the deadline, and what of an answer counts."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.test import override_settings

from events.tests.receivers import answered, only_public, receiver
from events.webhooks import client
from events.webhooks.addresses import BadURL, NotAllowed, check, parse
from events.webhooks.client import Answer, post

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
HEADERS = {"webhook-id": "evt_1"}
SPECIAL = (
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.1"),  # noqa: S104
    "192.0.2.1",
    *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:db8::1"),
    *("2002:7f00:1::1", "2002:808:808::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1"),
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


def sent(url: str, seconds: float = 5) -> Answer:
    return post(url, b'{"a": 1}', HEADERS, seconds=seconds)


@pytest.mark.parametrize("address", SPECIAL)
def test_nothing_is_sent_to_an_address_that_is_not_public(address: str) -> None:
    with only_public(), pytest.raises(NotAllowed):
        check(ip_address(address), is_encrypted=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed_over_tls_alone(address: str) -> None:
    with only_public():
        check(ip_address(address), is_encrypted=True)
        with pytest.raises(NotAllowed):
            check(ip_address(address), is_encrypted=False)


def test_a_network_of_ones_own_is_allowed_and_no_other() -> None:
    with override_settings(WEBHOOK_ALLOWED_NETWORKS=[ip_network("10.1.0.0/16")]):
        check(ip_address("10.1.2.3"), is_encrypted=False)
        check(ip_address("::ffff:10.1.2.3"), is_encrypted=False)
        for other in ("10.2.0.1", "127.0.0.1"):
            with pytest.raises(NotAllowed):
                check(ip_address(other), is_encrypted=True)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "https://user:secret@example.com/", "https://user@example.com"),
        *("https://", "https:///path", "https://example.com/#part", "https://example.com:0/", "https://[::1", "x"),
        *(
            "https://exa mple.com/",
            "https://example.com/\r\nX: y",
            "https://bücher.example/",
            "https://example.com\\@x",
        ),
        *("https://[fe80::1%25eth0]/", "https://example.com:99999/", "https://example.com/" + "a" * 2000),
    ],
)
def test_a_url_that_means_no_receiver_is_refused(url: str) -> None:
    with only_public(), pytest.raises(BadURL):
        parse(url)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "[::1]"])  # noqa: S104
def test_what_is_refused_gets_no_packet(name: str) -> None:
    """The same receiver is reached when its network is allowed: that is the control."""
    host = "::1" if name == "[::1]" else "127.0.0.1"
    with receiver(host=host) as here:
        url = f"http://{name}:{here.port}/"
        # As a URL of https, which alone gets as far as the look-up.
        with only_public():
            refused = sent(url.replace("http:", "https:"))
        assert (refused.status, here.connections) == (None, 0)
        assert "is not public" in refused.error
        with override_settings(WEBHOOK_ALLOWED_NETWORKS=[ip_network("0.0.0.0/8"), *LOOPBACK]):
            assert sent(url).is_success
        assert here.connections == 1


def test_one_address_of_a_name_that_is_not_allowed_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as here:
        found = [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("169.254.169.254", 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
        refused = sent(f"http://receiver.example:{here.port}/")
        assert (refused.error, here.connections) == ("169.254.169.254 is not public.", 0)
        del found[1]
        assert sent(f"http://receiver.example:{here.port}/").is_success


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere a moment later leads nowhere: the connection goes to the address that was checked."""
    asked = []

    def rebinding(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "169.254.169.254", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiver() as here:
        assert sent(f"http://receiver.example:{here.port}/").is_success
    assert asked == ["receiver.example"]


def test_the_next_address_is_tried_where_one_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("127.0.0.2", 0)), (2, 1, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with receiver() as here:
        assert sent(f"http://receiver.example:{here.port}/").is_success


def test_a_request_is_plain_http() -> None:
    with receiver(answered(200, b"thanks")) as here:
        answer = sent(here.url)
    head, _, body = here.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?a=b HTTP/1.1"
    assert {f"Host: 127.0.0.1:{here.port}", "webhook-id: evt_1", "Content-Type: application/json"} <= set(lines)
    assert (body, answer.status, answer.excerpt, answer.is_success) == (b'{"a": 1}', 200, "thanks", True)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiver() as other, receiver(answered(status, b"", f"Location: {other.url}")) as here:
        answer = sent(here.url)
        assert (answer.status, answer.is_success, other.connections) == (status, False, 0)


def drip(pieces: Iterator[bytes], every: float) -> Any:
    def talk(line: socket.socket) -> None:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(every)

    return talk


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\n", *([b"X-More: x\r\n"] * 200)],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", *([b"x"] * 300)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *([b"1\r\nx\r\n"] * 300)],
        [b"H"] * 300,
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 300,
    ],
    ids=["headers", "body", "chunks", "status", "continue"],
)
def test_a_server_that_drips_does_not_stretch_the_deadline(pieces: list[bytes]) -> None:
    """A time-out for each read, which many clients have, never strikes here."""
    with receiver(drip(iter(pieces), 0.05)) as here:
        began = time.monotonic()
        answer = sent(here.url, seconds=0.6)
        assert time.monotonic() - began < 1.5
        assert (answer.is_success, answer.error) == (False, "no answer within 0.6 s")


def test_an_answer_after_the_deadline_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(answered(200, b"ok")) as here:
        read = HTTPResponse.read

        def slow(*args: Any) -> bytes:
            body = read(*args)
            time.sleep(0.4)
            return body

        monkeypatch.setattr(HTTPResponse, "read", slow)
        assert sent(here.url, seconds=0.3).error == "no answer within 0.3 s"
        assert sent(here.url, seconds=3).is_success


def test_a_silent_look_up_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*args: Any, **kwargs: Any) -> list[Any]:
        time.sleep(1.5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    began = time.monotonic()
    assert sent("https://receiver.example/", seconds=0.3).error == "no answer within 0.3 s"
    assert time.monotonic() - began < 1


def test_2_kb_of_an_answer_are_kept_and_no_endless_one_is_read() -> None:
    with receiver(answered(200, b"a" * 20_000)) as here:
        answer = sent(here.url)
        assert (answer.is_success, answer.excerpt) == (True, "a" * 2048)
    endless = b"HTTP/1.1 200 OK\r\n" + b"X-More: x\r\n" * 10_000
    with receiver(endless) as here:
        assert sent(here.url).error.startswith("no answer of HTTP")
    with receiver(answered(500, b"\xff\x00no")) as here:
        assert sent(here.url).excerpt == "\ufffd\ufffdno"


@pytest.mark.parametrize("nonsense", [b"", b"\r\n\r\n", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100])
def test_what_is_no_http_is_a_failure(nonsense: bytes) -> None:
    with receiver(drip(iter([nonsense]), 0)) as here:
        answer = sent(here.url)
        assert (answer.status, answer.is_success) == (None, False)
        assert answer.error


def test_nobody_there_is_a_failure() -> None:
    with socket.socket() as bound:  # and nobody listens
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        assert sent(url).error == "no connection: Connection refused"


@contextmanager
def encrypted(folder: Path, host: str) -> Iterator[Any]:
    """A receiver with a certificate for this name, which nobody knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate = folder / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, folder / "key.pem")
    seen: list[str | None] = []
    context.sni_callback = lambda line, name, _: seen.append(name)

    def talk(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(answered(200, b"ok"))

    with receiver(talk) as here:
        here.seen = seen  # type: ignore[attr-defined]
        here.certificate = certificate  # type: ignore[attr-defined]
        yield here


def test_the_certificate_is_checked_for_the_name_and_the_name_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [(2, 1, 6, "", ("127.0.0.1", 0))])
    with encrypted(tmp_path, "receiver.example") as here:
        url = f"https://receiver.example:{here.port}/"
        assert sent(url).error.startswith("certificate: self")
        trusting = ssl.create_default_context(cafile=here.certificate)
        monkeypatch.setattr(client, "context", lambda: trusting)
        assert sent(url).is_success
        assert here.seen[-1] == "receiver.example"
        assert "certificate: Hostname mismatch" in sent(f"https://other.example:{here.port}/").error


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("0", 0), ("", None), ("soon", None), ("-1", None), ("9" * 40, 999_999_999)]
)
def test_retry_after_is_read(header: str, seconds: float | None) -> None:
    assert client.seconds_of(header) == seconds


def test_retry_after_may_be_a_moment() -> None:
    assert client.seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert (client.seconds_of("Wed, 21 Oct 2099 07:28:00 GMT") or 0) > 1e9
