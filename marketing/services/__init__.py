"""The verbs of marketing. Transactions begin here, and locks are taken here."""

from marketing.services.campaigns import (
    cancel_campaign,
    create_campaign,
    figures_of,
    pause_campaign,
    resume_campaign,
    start_campaign,
    try_campaign,
    update_campaign,
)
from marketing.services.consents import (
    ask_for_mails,
    choose,
    confirm,
    note_undeliverable,
    present_wording,
    withdraw,
    withdraw_if_there,
)
from marketing.services.customers import (
    choose_for_account,
    erase_consent,
    erase_consents,
    link_account,
    preferences_of,
)
from marketing.services.keeping import delete_unconfirmed, erase_long_ended, forget_ended_carts
from marketing.services.reminders import claim_reminder, give_back, note_reminded
from marketing.services.segments import count_of, create_segment, delete_segment, some_of, update_segment
from marketing.services.sending import claim, finish_campaigns, give_up_lost_claims, note, note_not_taken

__all__ = [
    "ask_for_mails",
    "cancel_campaign",
    "choose",
    "choose_for_account",
    "claim",
    "claim_reminder",
    "confirm",
    "count_of",
    "create_campaign",
    "create_segment",
    "delete_segment",
    "delete_unconfirmed",
    "erase_consent",
    "erase_consents",
    "erase_long_ended",
    "figures_of",
    "finish_campaigns",
    "forget_ended_carts",
    "give_back",
    "give_up_lost_claims",
    "link_account",
    "note",
    "note_not_taken",
    "note_reminded",
    "note_undeliverable",
    "pause_campaign",
    "preferences_of",
    "present_wording",
    "resume_campaign",
    "some_of",
    "start_campaign",
    "try_campaign",
    "update_campaign",
    "update_segment",
    "withdraw",
    "withdraw_if_there",
]
