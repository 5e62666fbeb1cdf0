"""Webhooks: how long receivers may take, where they may be, and how many are told at once.

config.settings takes all names in capitals from here.
"""

from config.environment import networks, number, text

# Webhooks that a worker process sends at the same time. No receiver gets all of these threads.
WORKER_WEBHOOK_CONCURRENCY = number("WORKER_WEBHOOK_CONCURRENCY", 8, 2, 100)
# A receiver's name is looked up, and its answer is here in whole, within so many seconds; or the attempt has failed.
WEBHOOK_TIMEOUT_SECONDS = number("WEBHOOK_TIMEOUT_SECONDS", 15, 1, 60)
# Networks of one's own to which webhooks may go too, also without encryption. All others are those of the Internet.
WEBHOOK_ALLOWED_NETWORKS = networks(
    "WEBHOOK_ALLOWED_NETWORKS", () if text("ENVIRONMENT") == "production" else ("127.0.0.0/8", "::1/128")
)
# After so many days a delivery is forgotten, with what came back.
WEBHOOK_KEEP_DAYS = number("WEBHOOK_KEEP_DAYS", 30, 4, 3650)
