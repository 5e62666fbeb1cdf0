"""Shapes of the feed."""

from typing import Any

import orjson
from rest_framework import serializers

from events.feed import FeedPage, FeedRow


class FeedEventSerializer(serializers.Serializer[Any]):
    """An event: what became true, of what, by whom and through which channel."""

    position = serializers.IntegerField(help_text="Its place in the feed. There is none without an event.")
    kind = serializers.CharField()
    subject = serializers.CharField(help_text='What it is about: "order:17", "product:3", "sku:MUG-1".')
    payload = serializers.DictField(help_text="What docs/events.md says of this kind.")
    actor = serializers.CharField(help_text='"staff:3", "customer:17", "visitor" or "system".')
    channel = serializers.ChoiceField(choices=["api", "admin", "command", "worker", "backfill"])
    at = serializers.DateTimeField()

    def to_representation(self, instance: FeedRow) -> dict[str, Any]:
        """The document of a row. Its payload travels as PostgreSQL has it."""
        return instance._asdict() | {"payload": orjson.Fragment(instance.payload)}


class FeedSerializer(serializers.Serializer[Any]):
    """A page of the feed. Where `next_after` is `newest`, there is nothing more for now."""

    results = FeedEventSerializer(many=True)
    next_after = serializers.IntegerField(help_text="What to ask for next: `?after=`.")
    newest = serializers.IntegerField(help_text="The position of the newest event of any kind.")

    def to_representation(self, instance: FeedPage) -> dict[str, Any]:
        """The document of a page."""
        rows = self.fields["results"].to_representation(instance.rows)
        return {"results": rows, "next_after": instance.next_after, "newest": instance.newest}
