"""Password hashes: bcrypt at a cost that the operator chooses, or Argon2id at 19 MiB and two passes."""

import unicodedata

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, BCryptSHA256PasswordHasher


def normalised(password: str) -> str:
    """The password in the one form (NFKC) that is hashed: keyboards write the same letter in several ways."""
    return unicodedata.normalize("NFKC", password)


def spellings_of(password: str) -> list[str]:
    """The forms in which a typed password is compared: the normalised one, and as typed for hashes of earlier days."""
    return list(dict.fromkeys((normalised(password), password)))


class BCryptHasher(BCryptSHA256PasswordHasher):
    """bcrypt over SHA-256, so that no password is cut at 72 bytes."""

    @property
    def rounds(self) -> int:  # type: ignore[override]  # a plain attribute in Django
        """The cost, as a power of two: BCRYPT_ROUNDS. Tests lower the setting, so each hash reads the setting anew."""
        return int(settings.BCRYPT_ROUNDS)


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id over 19 MiB of memory, two passes and one thread."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
