"""The language of the shop's search."""

from config.environment import choice

# Those that PostgreSQL 15 and later have a stemmer for; `simple` knows no stems.
LANGUAGES = [
    "english", "arabic", "armenian", "basque", "catalan", "danish", "dutch", "finnish", "french", "german", "greek",
    "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian", "portuguese",
    "romanian", "russian", "serbian", "simple", "spanish", "swedish", "tamil", "turkish", "yiddish",
]  # fmt: skip
# After a change the worker finds the stems of all products anew.
SEARCH_LANGUAGE = choice("SEARCH_LANGUAGE", *LANGUAGES)
