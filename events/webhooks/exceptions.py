"""The refusals of webhooks."""

from collections.abc import Sequence

from database.refusals import Conflict, FieldError, Invalid


class BadEndpointURL(Invalid):
    """No webhook is sent to this URL."""

    code = "invalid_webhook_url"
    title = "No webhook is sent to this URL"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, errors=[FieldError("url", self.code, reason)])


class UnknownKinds(Invalid):
    """There are no such events, or receivers are not told of them."""

    code = "unknown_event_type"
    title = "Receivers are not told of such events"

    def __init__(self, kinds: Sequence[str]) -> None:
        super().__init__(errors=[FieldError("types", self.code, f"Unknown: {', '.join(kinds[:10])}.")])


class TooManyEndpoints(Conflict):
    """The shop has as many endpoints as it may have."""

    code = "too_many_webhooks"
    title = "There are too many webhooks"

    def __init__(self, most: int) -> None:
        super().__init__(f"A shop has up to {most} webhooks.")


class EndpointNotActive(Conflict):
    """Nothing is sent to an endpoint that is paused or disabled."""

    code = "webhook_not_active"
    title = "The webhook is not active: resume it first"


class TooMuchToReplay(Conflict):
    """More events than are delivered again at once. `most` is how many."""

    code = "too_much_to_replay"
    title = "So many events are not delivered again at once"
    members = {"most": {"type": "integer"}}

    def __init__(self, most: int) -> None:
        super().__init__(f"Choose a time with up to {most} events.", most=most)
