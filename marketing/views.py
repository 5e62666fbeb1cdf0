"""Consents over HTTP: the wording, the form of a storefront, links from mails, and a customer's own preferences."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from api.addresses import counted_address
from api.serializers import body_of, document_of
from api.views import ViewSet, refuses
from database.refusals import FieldError, Invalid
from database.text import email_key
from events.actors import actor_of
from marketing import services
from marketing.links import mailbox_of
from marketing.models import Topic
from marketing.serializers import (
    LinkBody,
    PreferencesBody,
    PreferencesSerializer,
    SubscribeBody,
    SubscribedSerializer,
    WordingSerializer,
)
from marketing.services.customers import Preferences
from marketing.throttles import LinkThrottle, PreferencesThrottle, SubscribeThrottle
from marketing.ways import way_of

NAMES = {"newsletter": Topic.NEWS.value, "cart_reminders": Topic.CART_REMINDERS.value}


class NewsletterViewSet(ViewSet):
    """For whoever wants mails, with an account or without one."""

    permission_classes = [AllowAny]
    scopes = {"retrieve": ""}

    def get_throttles(self) -> list[Any]:
        """Mails to whoever may not have asked have a limit, and so have guesses of links."""
        own = {"subscribe": SubscribeThrottle, "confirm": LinkThrottle, "unsubscribe": LinkThrottle}
        return [own[self.action]()] if self.action in own else super().get_throttles()

    @extend_schema(
        operation_id="getNewsletter",
        summary="What people agree to who want mails",
        responses={200: WordingSerializer},
        auth=[],
    )
    def retrieve(self, request: Request) -> Response:
        """The wording that the form of a storefront shows, and its version."""
        version, wording = services.present_wording()
        return Response(document_of(WordingSerializer, {"wording": wording, "wording_version": version}))

    @extend_schema(
        operation_id="subscribe",
        summary="Ask for mails: the mailbox is mailed a link that confirms it",
        request=SubscribeBody,
        responses={202: SubscribedSerializer},
        auth=[],
    )
    @refuses("unknown_wording")
    def subscribe(self, request: Request) -> Response:
        """Have the link mailed. The answer is the same whether the mailbox has agreed before or not."""
        body = body_of(request, SubscribeBody)
        way = way_of(counted_address(request), "api")
        services.ask_for_mails(email=email_key(body["email"]), wording=body.get("wording_version", ""), way=way)
        detail = "Unless this address is subscribed, a link that confirms it is on its way."
        return Response(document_of(SubscribedSerializer, {"detail": detail}), status=202)

    @extend_schema(
        operation_id="confirmSubscription",
        summary="Confirm that a mailbox wants mails, by the mailed link",
        request=LinkBody,
        responses={200: SubscribedSerializer},
        auth=[],
    )
    @refuses("invalid_confirmation_token")
    def confirm(self, request: Request) -> Response:
        """Give the consent that was asked for. Again changes nothing."""
        token = body_of(request, LinkBody)["token"]
        services.confirm(token=token, way=way_of(counted_address(request), "api"))
        return Response(document_of(SubscribedSerializer, {"detail": "The subscription is confirmed."}))

    @extend_schema(
        operation_id="unsubscribe",
        summary="End all such mails, by the token of the link in any of them",
        request=LinkBody,
        responses={200: SubscribedSerializer},
        auth=[],
    )
    @refuses("invalid_link")
    def unsubscribe(self, request: Request) -> Response:
        """Withdraw the consent, at once. Again changes nothing."""
        mailbox = mailbox_of(body_of(request, LinkBody)["token"])
        if mailbox is None:
            error = FieldError("token", "invalid_token", "The link is wrong.")
            raise Invalid("The link is not one of ours.", code="invalid_link", errors=[error])
        if mailbox.consent_id:  # a mail that staff tried has links that end nothing
            way = way_of(counted_address(request), "api")
            services.withdraw_if_there(consent_id=mailbox.consent_id, recipient_id=mailbox.recipient_id, way=way)
        return Response(document_of(SubscribedSerializer, {"detail": "You are sent no such mails any more."}))


class OwnPreferencesViewSet(ViewSet):
    """What a customer is sent beside mails about orders and the account."""

    throttle_classes = [PreferencesThrottle]

    @extend_schema(operation_id="getPreferences", summary="What one is sent", responses={200: PreferencesSerializer})
    def retrieve(self, request: Request) -> Response:
        """The caller's preferences."""
        return Response(document(services.preferences_of(user_of(request))))

    @extend_schema(
        operation_id="updatePreferences",
        summary="Choose what one is sent",
        description="Where the account's email is confirmed, this is the consent, or its end. Otherwise the mailbox is "
        "mailed a link first, and the state is `asked`.",
        request=PreferencesBody(partial=True),
        responses={200: PreferencesSerializer},
    )
    def partial_update(self, request: Request) -> Response:
        """Switch topics on and off. What is left out stays as it is."""
        body = body_of(request, PreferencesBody, partial=True)
        chosen = services.choose_for_account(
            user_id=user_of(request).pk,
            changes={NAMES[name]: wanted for name, wanted in body.items()},
            way=way_of(counted_address(request), "api", actor_of(request)),
        )
        return Response(document(chosen))


def document(preferences: Preferences) -> dict[str, Any]:
    """The document of what somebody is sent."""
    topics = {name: topic in preferences.topics for name, topic in NAMES.items()}
    return document_of(PreferencesSerializer, {"state": preferences.state, **topics})
