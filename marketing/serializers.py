"""Bodies and documents of consents."""

from typing import Any

from rest_framework import serializers

from api.fields import Email, Flag, Text
from api.serializers import BodySerializer
from marketing.models import Consent

ABOUT_WORDING = "The version of the wording that was shown (`GET /newsletter`). Left out: the present one."
ABOUT_STATE = (
    "`given` is written to. `asked` waits for the link that was mailed. `withdrawn` is not written to, as is nobody "
    "who was never asked."
)


class WordingSerializer(serializers.Serializer[Any]):
    """What people agree to, for the form that asks them, and the version of it."""

    wording = serializers.CharField()
    wording_version = serializers.CharField(help_text="Differs for each wording. It is named by who subscribes.")


class SubscribeBody(BodySerializer):
    """An address that wants mails, and what its owner was told."""

    email = Email()
    wording_version = Text(max_length=12, required=False, help_text=ABOUT_WORDING)


class LinkBody(BodySerializer):
    """The token of a link in a mail."""

    token = Text(max_length=200)


class PreferencesBody(BodySerializer):
    """What one wants mails about. What is left out stays as it is."""

    newsletter = Flag(required=False, help_text="News and offers.")
    cart_reminders = Flag(required=False, help_text="A reminder of a cart that one has left.")


class PreferencesSerializer(serializers.Serializer[Any]):
    """What the caller is sent beside mails about orders and the account."""

    state = serializers.ChoiceField(choices=Consent.State.choices, help_text=ABOUT_STATE)
    newsletter = serializers.BooleanField()
    cart_reminders = serializers.BooleanField()


class SubscribedSerializer(serializers.Serializer[Any]):
    """One sentence about what was done."""

    detail = serializers.CharField()
