"""Whether PayPal signed a notification, by the certificate that it names, without asking PayPal each time.

Anybody can name a certificate of their own. So one is taken only from a host of PayPal, over HTTPS that such a host
alone can speak, and it must be made out to PayPal's signer. It is kept, since many notifications name the same one.
"""

import base64
import re
import threading
import time
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from payments.providers import calls
from payments.providers.snapshot import BadSignature, ProviderUnknown

ALGORITHM = "SHA256withRSA"
PATH = re.compile(r"/v1/notifications/certs/[A-Za-z0-9_-]{1,100}")
# Certificates that are kept, and how many new ones are fetched in a minute: strangers may name one that does not exist.
KEPT = 16
FETCHED_PER_MINUTE = 10
_kept: dict[str, x509.Certificate] = {}
_fetched: list[float] = []
_lock = threading.Lock()


def check(headers: Mapping[str, str], body: bytes) -> None:
    """Raise BadSignature unless PayPal signed this for our webhook. The names of the headers are in small letters.

    Raises ProviderUnknown when the certificate cannot be had now.
    """
    if headers.get("paypal-auth-algo") != ALGORITHM or not settings.PAYPAL_WEBHOOK_ID:
        raise BadSignature("No signature that could be checked.")
    try:
        signature = base64.b64decode(headers.get("paypal-transmission-sig", ""), validate=True)
    except ValueError as error:
        raise BadSignature("The signature is no base64.") from error
    transmission, moment = (headers.get(f"paypal-transmission-{name}", "") for name in ("id", "time"))
    signed = f"{transmission}|{moment}|{settings.PAYPAL_WEBHOOK_ID}|{zlib.crc32(body)}"
    public_key = certificate(headers.get("paypal-cert-url", "")).public_key()
    if not isinstance(public_key, RSAPublicKey):
        raise BadSignature("The certificate has no RSA key.")
    try:
        public_key.verify(signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise BadSignature("The signature is wrong.") from error


def certificate(url: str) -> x509.Certificate:
    """The certificate at an address, fetched once. Raises BadSignature for another host and for a bad certificate."""
    if not is_of_paypal(url):
        raise BadSignature("The certificate is not PayPal's.")
    with _lock:
        known = _kept.get(url)
    if known is None:
        known = fetched(url)
        with _lock:
            while len(_kept) >= KEPT:
                del _kept[next(iter(_kept))]
            _kept[url] = known
    if not known.not_valid_before_utc <= datetime.now(UTC) <= known.not_valid_after_utc:
        raise BadSignature("The certificate is not valid now.")
    return known


def is_of_paypal(url: str) -> bool:
    """Whether an address is that of a certificate at PayPal, or at the fake where the settings point at it."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    own = urlsplit(settings.PAYPAL_API_BASE)
    if settings.PAYPAL_API_BASE and own.hostname in ("127.0.0.1", "localhost", "::1"):
        path = parts.path.removeprefix(own.path)
        return (parts.scheme, parts.netloc) == (own.scheme, own.netloc) and PATH.fullmatch(path) is not None
    at_paypal = host.endswith(".paypal.com") and parts.username is None and port in (None, 443)
    return parts.scheme == "https" and at_paypal and PATH.fullmatch(parts.path) is not None


def fetched(url: str) -> x509.Certificate:
    """The certificate, from PayPal. Raises ProviderUnknown when there is none now, and BadSignature for a bad one."""
    now = time.monotonic()
    with _lock:
        _fetched[:] = [moment for moment in _fetched if moment > now - 60]
        if len(_fetched) >= FETCHED_PER_MINUTE:
            raise ProviderUnknown("Too many certificates of PayPal are asked for.")
        _fetched.append(now)
    status, content = calls.send("GET", url)
    if status != 200:
        if status == 404:
            raise BadSignature("There is no such certificate.")
        raise ProviderUnknown(f"PayPal answered {status} for a certificate.")
    try:
        chain = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise BadSignature("The certificate cannot be read.") from error
    check_chain(chain)
    return chain[0]


def check_chain(chain: list[x509.Certificate]) -> None:
    """Raise BadSignature unless the first is made out to PayPal, and each is signed by the next one.

    Where PayPal sends the first alone, the host that it came from vouches for it.
    """
    if not any(name.endswith(".paypal.com") for name in names_of(chain[0])):
        raise BadSignature("The certificate is made out to somebody else.")
    for signed, issuer in pairwise(chain):
        try:
            signed.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError) as error:
            raise BadSignature("The certificate was not issued by the one behind it.") from error


def names_of(certificate: x509.Certificate) -> list[str]:
    """The hosts that a certificate is made out to."""
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    names = [str(attribute.value) for attribute in common]
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    return names + extension.value.get_values_for_type(x509.DNSName)
