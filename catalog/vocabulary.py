"""The words of all products, for searches that misspell them (catalog/listing/vocabulary.py asks for them).

And the rules by which the words beside the products were found (catalog/services/words_anew.py).
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Word(models.Model):
    """A word that some product has had, for searches that misspell it."""

    word = models.CharField(primary_key=True, max_length=30, db_collation="C")

    class Meta:
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="word_trigrams")]

    def __str__(self) -> str:
        return self.word


class WordKey(models.Model):
    """What a word has in common with one that was misspelt, as catalog.words.near_keys says it."""

    key = models.CharField(max_length=30, db_collation="C")
    word = models.CharField(max_length=30, db_collation="C")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "word"], name="wordkey_unique")]

    def __str__(self) -> str:
        return f"{self.key} of {self.word}"


class WordRules(models.Model):
    """One row: the rules of the words that are stored, and the last product whose words have been found by them."""

    rules = models.CharField(max_length=64, default="")
    # Null: all products are done.
    done_to = models.BigIntegerField(null=True, default=0)

    def __str__(self) -> str:
        return self.rules
