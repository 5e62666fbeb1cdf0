"""Passwords that are long enough and guessed at once: a common word in disguise, and the words of the shop.

`Passw0rd!!` and `Summer2026!` are among the first guesses of every program that guesses passwords: it takes the common
words and does to them what people do, a digit for a letter, a year and a sign at the end.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from accounts.hashers import normalised

# Letters as people write them in passwords. 1 and ! are read in two ways.
DISGUISES = [str.maketrans("@4301!|$578+", f"aaeo{i}{i}{i}sstbt") for i in "il"]
WORD = re.compile(r"[^\W\d_]+")
DECORATION = re.compile(r"^[\W\d_]+|[\W\d_]+$")
ENDING = re.compile(r"[\W\d_]+$")
# Words of which people make passwords that no list of whole passwords can hold, since the year goes on.
WORDS = frozenset(
    WORD.findall(
        """
    spring summer autumn fall winter sommer herbst verano invierno otono primavera printemps hiver
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    password passwort passwd pass motdepasse contrasena parola senha secret geheim changeme letmein
    welcome willkommen bienvenue hello hallo hola bonjour admin administrator root login user guest test staff
    master access account secure security company office shop store online order customer
    qwerty qwertz azerty sunshine princess dragon monkey football baseball superman batman iloveyou love
    my our your the is it i we you new old for and
    """
    )
)
ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "01234567890")
STEPS = {row[at : at + 2] for line in ROWS for row in (line, line[::-1]) for at in range(len(row) - 1)}


class WeakPasswordValidator(CommonPasswordValidator):
    """Django's list of common passwords, and what people make of such words and of the names they know."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse (ValidationError) a common password, one in disguise, and one made of words that anybody guesses."""
        password = normalised(password)
        super().validate(password, user)
        known = WORDS | set(words_of(settings.SHOP_NAME)) | set(words_of_user(user))
        for reading in readings(password):
            if reading in self.passwords or is_made_of(reading, known):
                raise ValidationError(
                    "This password is a common word, or a name that others know, with digits or signs.",
                    code="password_too_guessable",
                )
        if is_repeated(password.casefold()) or is_sequence(password.casefold()):
            raise ValidationError("This password repeats itself, or runs along the keys.", code="password_too_regular")

    def get_help_text(self) -> str:
        """The sentence that a form shows."""
        return "Your password cannot be a common word, whatever digits and signs stand in it or beside it."


def words_of(text: str) -> Iterator[str]:
    """The words of a name of at least three letters, and the name in one word."""
    words = WORD.findall(normalised(text).casefold())
    yield from (word for word in [*words, "".join(words)] if len(word) >= 3)


def words_of_user(user: Any) -> Iterator[str]:
    """The words of a user's names and email."""
    for field in ("first_name", "last_name", "email"):
        yield from words_of(getattr(user, field, "") or "")


def readings(password: str) -> set[str]:
    """The words that a password may be in disguise, each of at least four letters.

    Digits and signs around one word are decoration, however many. Where they stand between letters, the letters are
    read as one word only if they are half of the password: a random password has some letters too.
    """
    text = password.casefold()
    forms = {text}
    for disguise in DISGUISES:
        # A sign at the beginning may be a letter ($ummer), or not (!summer).
        forms |= {form.translate(disguise) for form in (text, DECORATION.sub("", text), ENDING.sub("", text))}
    found = set()
    for form in forms:
        words = WORD.findall(form)
        reading = "".join(words)
        if len(reading) >= 4 and (len(words) == 1 or 2 * len(reading) >= len(password)):
            found.add(reading)
    return found


def is_made_of(text: str, words: Iterable[str]) -> bool:
    """Whether a text is nothing but words of these, one after the other."""
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(end - len(word) in reached and text.endswith(word, 0, end) for word in words):
            reached.add(end)
    return len(text) in reached


def is_repeated(text: str) -> bool:
    """Whether a text is one piece again and again, twice at least."""
    return text in (text + text)[1:-1]


def is_sequence(text: str) -> bool:
    """Whether a text is nothing but runs of three or more neighbours on the keys or in the alphabet, and signs."""
    text = re.sub(r"[\W_]", "", text)
    runs = [1]
    for at in range(1, len(text)):
        if text[at - 1 : at + 1] in STEPS:
            runs[-1] += 1
        else:
            runs.append(1)
    return min(runs) >= 3
