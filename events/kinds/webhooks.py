"""What happens to the webhooks themselves. Nothing here holds a secret."""

from events.kinds.declaring import CHANGES, COUNT, ID, TEXT, Kind, inner, listed

WEBHOOK = "webhook:{webhook_id}"

WEBHOOKS: list[Kind] = [
    inner("webhook.created", WEBHOOK, "A webhook was made.", webhook_id=ID, url=TEXT, kinds=listed(TEXT)),
    inner("webhook.changed", WEBHOOK, "A webhook was edited.", webhook_id=ID, changes=CHANGES),
    inner("webhook.secret_rotated", WEBHOOK, "A webhook has a new secret.", webhook_id=ID),
    inner("webhook.tested", WEBHOOK, "A test was sent to a webhook.", webhook_id=ID),
    inner("webhook.paused", WEBHOOK, "A webhook was paused.", webhook_id=ID),
    inner("webhook.resumed", WEBHOOK, "A webhook goes on, with so many that it missed.", webhook_id=ID, missed=COUNT),
    inner("webhook.disabled", WEBHOOK, "A webhook has failed for too long, or is gone.", webhook_id=ID, reason=TEXT),
    inner("webhook.deleted", WEBHOOK, "A webhook was deleted.", webhook_id=ID, url=TEXT),
    inner("webhook.resent", WEBHOOK, "Staff sent a delivery again.", webhook_id=ID, delivery_id=ID),
    inner(
        "webhook.replayed",
        WEBHOOK,
        "Staff sent all events of a time again.",
        webhook_id=ID,
        since=TEXT,
        until=TEXT,
        deliveries=COUNT,
    ),
]
