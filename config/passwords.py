"""How passwords are kept, and which are refused. config.settings hands it to Django."""

from config.environment import choice, number

PASSWORD_HASHERS = ["accounts.hashers.BCryptHasher", "accounts.hashers.Argon2idHasher"]
if choice("PASSWORD_HASHER", "bcrypt", "argon2id") == "argon2id":
    PASSWORD_HASHERS.reverse()
BCRYPT_ROUNDS = number("BCRYPT_ROUNDS", 12, 4, 20)
PASSWORD_MIN_LENGTH = number("PASSWORD_MIN_LENGTH", 10, 1, 128)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "accounts.weak_passwords.WeakPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
