"""Query strings about webhooks."""

from api.fields import Choice, Text
from api.filters import Filter, ListFilters
from events.models import WebhookDelivery, WebhookEndpoint

STATES = [state for state in WebhookEndpoint.State.values if state != WebhookEndpoint.State.DELETED]


class WebhookFilters(ListFilters):
    """The parameters of the list of endpoints."""

    state = Filter(Choice(required=False, choices=STATES), several=True)


class DeliveryFilters(ListFilters):
    """The parameters of the deliveries of an endpoint."""

    state = Filter(Choice(required=False, choices=WebhookDelivery.State.choices), several=True)
    type = Filter(Text(required=False, max_length=64), field_name="kind", several=True)
    subject = Filter(Text(required=False, max_length=100, help_text='As "order:17".'))
