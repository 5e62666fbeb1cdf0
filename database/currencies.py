"""How many decimals the currencies of the world have. Nothing of Django, so that pure calculations can import it."""

# ISO 4217. A currency that is not named here has two decimals.
PLACES = (
    dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
                   "XAF", "XOF", "XPF"], 0)
    | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
    | dict.fromkeys(["CLF", "UYW"], 4)
)  # fmt: skip


def places_in(currency: str) -> int:
    """The decimals of a currency: 2 for USD, 0 for JPY, 3 for KWD."""
    return PLACES.get(currency, 2)
