"""A certificate like that of PayPal's signer, issued by an authority that is made at the start."""

import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

HOST = "messageverificationcerts.paypal.com"


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Signer:
    """A key, and its certificate for `host`, valid from `days[0]` to `days[1]` from now on."""

    def __init__(self, host: str = HOST, days: tuple[int, int] = (-1, 30)) -> None:
        self.name = f"CERT-{secrets.token_hex(8)}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        authority, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        issuer = named("The fake's authority")
        common = (
            x509.CertificateBuilder()
            .issuer_name(issuer)
            .not_valid_before(now + timedelta(days[0]))
            .not_valid_after(now + timedelta(days[1]))
        )
        self.certificate = (
            common.subject_name(named(host))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(authority, hashes.SHA256())
        )
        self.authority = (
            common.subject_name(issuer)
            .public_key(authority.public_key())
            .serial_number(x509.random_serial_number())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(authority, hashes.SHA256())
        )

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def pem(self) -> bytes:
        """The certificate and that of its authority, as PayPal serves them."""
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (self.certificate, self.authority))
