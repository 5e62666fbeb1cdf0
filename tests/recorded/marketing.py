"""Consents: asked for, confirmed, ended, and a customer's own switches; and each refusal."""

from marketing.links import token_of
from marketing.models import Consent
from marketing.tests.factories import token_for
from tests.recorded.recorder import Recorder


def consents(shop: Recorder) -> None:
    ask = shop.ask
    ask("visitor", "GET /newsletter")
    ask("visitor", "GET /newsletter?language=de")
    ask("visitor", "POST /newsletter/subscribe", {"email": "Reader@Example.com"})
    ask("visitor", "POST /newsletter/subscribe", {"email": "reader"})
    ask("visitor", "POST /newsletter/subscribe", {"email": "reader@example.com", "wording_version": "abc"})
    consent = Consent.objects.get(email="reader@example.com")
    ask("visitor", "POST /newsletter/confirm", {"token": "wrong"})
    ask("visitor", "POST /newsletter/confirm", {})
    link = {"token": token_for(consent)}
    ask("visitor", "POST /newsletter/confirm", link)
    ask("visitor", "POST /newsletter/confirm", link)
    ask("visitor", "POST /newsletter/subscribe", {"email": "reader@example.com"})
    ask("visitor", "POST /newsletter/unsubscribe", {"token": "1-0:wrong"})
    for _ in range(2):
        ask("visitor", "POST /newsletter/unsubscribe", {"token": token_of(consent.pk)})
    ask("visitor", "POST /newsletter/confirm", link)
    ask("visitor", "GET /users/me/preferences")
    ask("zoe", "GET /users/me/preferences")
    ask("visitor", "PATCH /users/me/preferences", {"newsletter": True})
    ask("zoe", "PATCH /users/me/preferences", {"newsletter": "yes"})
    ask("zoe", "PATCH /users/me/preferences", {"newsletter": True})
    ask("zoe", "PATCH /users/me/preferences", {"newsletter": False, "cart_reminders": None})
    ask("ben", "PATCH /users/me/preferences", {"cart_reminders": True})
