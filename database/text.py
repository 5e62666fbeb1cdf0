"""Text that people type into one line, and email addresses: which characters are refused, and which forms are one.

Serializers, forms and models use these functions alike, so they belong to no app.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, validate_email

# Characters that cannot be seen, end a line, or turn the direction of what follows: Unicode's control characters, its
# default ignorable ones and its line ends. The API's description has the same class, in which characters beyond U+FFFF
# stand for themselves, since JSON Schema has no escape for them.
HIDDEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# The same for text of several lines, in which a line may end: with a line feed, a carriage return or both.
HIDDEN_IN_LINES = HIDDEN.replace(r"\x00-\x1f", r"\x00-\x09\x0b\x0c\x0e-\x1f")
HIDDEN_CHARACTER = re.compile(f"[{HIDDEN}]")
HIDDEN_CHARACTER_IN_LINES = re.compile(f"[{HIDDEN_IN_LINES}]")
NON_JOINER, JOINER, EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"
# Arabic and its neighbours, and the scripts of India and around: the two joiners shape their words.
JOINED_SCRIPT = re.compile("[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
# Of a page that people are sent to, or nothing. Without a name before the host, which only hides where a link leads.
WEB_ADDRESS = RegexValidator(
    r'\A(https?://[^\s/?#@:\\"<>]+(:[0-9]{1,5})?([/?#][^\s"<>]*)?)?\Z',
    "The address of a page begins with http:// or https:// and the name of a host.",
    code="not_a_web_address",
)


def is_needed(text: str, place: int) -> bool:
    """Whether a hidden character shapes what is beside it: a word of a script that joins letters, or an emoji."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if not before:
        return False
    if text[place] == EMOJI_STYLE:
        return unicodedata.category(before) == "So" or after == "\u20e3"
    if text[place] == JOINER and (before == EMOJI_STYLE or unicodedata.category(before) in ("So", "Sk")):
        return bool(after) and unicodedata.category(after) == "So"
    if text[place] in (NON_JOINER, JOINER) and JOINED_SCRIPT.match(before):
        return text[place] == JOINER or bool(JOINED_SCRIPT.match(after))
    return False


def refuse_hidden(text: str, hidden: re.Pattern[str] = HIDDEN_CHARACTER) -> None:
    """Refuse (ValidationError) text that is not one line of characters that can be seen. For fields of every kind."""
    for found in hidden.finditer(text):
        if not is_needed(text, found.start()):
            raise ValidationError(
                f"Character {found.start() + 1} (U+{ord(found[0]):04X}) cannot be seen or ends the line.",
                code="hidden_character",
            )


def refuse_hidden_in_lines(text: str) -> None:
    """Refuse (ValidationError) text that is not lines of characters that can be seen. For fields of several lines."""
    refuse_hidden(text, HIDDEN_CHARACTER_IN_LINES)


def refuse_links(text: str) -> None:
    """Refuse (ValidationError) a name with the address of a page in it: whoever reads the name could follow it."""
    if LINK.search(text):
        raise ValidationError("A name holds no address of a page.", code="link")


def normalised_email(email: str) -> str:
    """The one form in which an email address is kept: NFC, and the domain in ASCII (IDNA's `xn--`).

    A plain address stays as it is, its case too. Refuses (ValidationError) hidden characters and a domain that IDNA
    cannot write.
    """
    refuse_hidden(email)
    name, _, domain = unicodedata.normalize("NFC", email).rpartition("@")
    if not domain.isascii() or "xn--" in domain.lower():
        domain = ".".join(map(ascii_label, mapped(domain).split(".")))
    address = f"{name}@{domain}"
    validate_email(address)
    return address


def email_key(email: str) -> str:
    """An address as it is compared where nobody has an account: its one form, in small letters.

    Refuses (ValidationError) what `normalised_email` refuses.
    """
    return normalised_email(email).lower()


def mapped(text: str) -> str:
    """The domain or label as IDNA maps it: one width, one case, and a plain dot. ß stays ß, as in IDNA 2008."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).replace("\u3002", ".")


def ascii_label(label: str) -> str:
    """One label of a domain in ASCII. An `xn--` label is read and written anew, so that each has one form."""
    try:
        read = mapped(label[4:].encode().decode("punycode")) if label.startswith("xn--") else label
        written = read if read.isascii() else f"xn--{read.encode('punycode').decode()}"
    except UnicodeError:
        raise ValidationError("This is not the name of a domain.", code="invalid") from None
    refuse_hidden(read)
    if "." in read:
        raise ValidationError("This is not the name of a domain.", code="invalid")
    return written


def forms_of_email(email: str) -> list[str]:
    """The forms under which an account with this address may be kept: ours, as typed, and with the letters of its
    domain. Rows from before there was one form stay as they are."""
    try:
        kept = normalised_email(email)
    except ValidationError:
        return [email]
    name, _, domain = kept.rpartition("@")
    labels = [label[4:].encode().decode("punycode") if label[:4] == "xn--" else label for label in domain.split(".")]
    return list(dict.fromkeys((kept, email, f"{name}@{'.'.join(labels)}")))
