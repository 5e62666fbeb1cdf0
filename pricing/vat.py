"""VAT ids of the European Union, judged by their form and check digits. Nobody is asked over the network."""

import stdnum.eu.vat
from stdnum.exceptions import ValidationError

from pricing.taxes import EU

PREFIXES = {"GR": "EL"}
"""Countries whose VAT ids begin with other letters than their code."""


def compact_vat_id(text: str, country_code: str) -> str:
    """The VAT id with its country's letters and without blanks, as `DE136695976`; "" when it is not a valid one there.

    The letters may be missing in the text. An id of another country than the given one is not valid.
    """
    if country_code not in EU or not text.strip():
        return ""
    prefix = PREFIXES.get(country_code, country_code)
    bare = "".join(letter for letter in text.upper() if letter.isalnum())
    if bare.startswith(country_code) and prefix != country_code:
        bare = bare.removeprefix(country_code)
    try:
        compact: str = stdnum.eu.vat.validate(prefix + bare.removeprefix(prefix))
    except ValidationError:
        return ""
    return compact
