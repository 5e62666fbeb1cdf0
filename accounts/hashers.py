"""Password hashes: bcrypt at a cost that the operator chooses, or Argon2id at 19 MiB and two passes."""

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, BCryptSHA256PasswordHasher


class BCryptHasher(BCryptSHA256PasswordHasher):
    """bcrypt over SHA-256, so that no password is cut at 72 bytes."""

    @property
    def rounds(self) -> int:  # type: ignore[override]  # read late, so that tests can lower it
        return int(settings.BCRYPT_ROUNDS)


class Argon2idHasher(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
