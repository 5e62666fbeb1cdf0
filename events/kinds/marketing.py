"""What happens to consents, segments and campaigns. Nothing here holds an address."""

from events.kinds.declaring import CHANGES, COUNT, ID, TEXT, Kind, Schema, inner, listed

CONSENT, SEGMENT, CAMPAIGN = "consent:{consent_id}", "segment:{segment_id}", "campaign:{campaign_id}"
BY: dict[str, Schema] = {"consent_id": ID, "way": TEXT}
RULES: Schema = {"type": "object"}

MARKETING: list[Kind] = [
    inner("consent.asked", CONSENT, "Somebody asks for mails to an address.", **BY, proof_id=ID),
    inner("consent.given", CONSENT, "A mailbox has agreed to be written to.", **BY, topics=listed(TEXT)),
    inner("consent.chosen", CONSENT, "A mailbox has chosen what it wants mails about.", **BY, topics=listed(TEXT)),
    inner("consent.withdrawn", CONSENT, "A mailbox is written to no more.", **BY, reason=TEXT),
    inner("consent.erased", CONSENT, "The address of a consent was forgotten.", **BY),
    inner("segment.created", SEGMENT, "A segment was made.", segment_id=ID, name=TEXT, rules=RULES),
    inner("segment.updated", SEGMENT, "A segment was edited.", segment_id=ID, name=TEXT, changes=CHANGES),
    inner("segment.deleted", SEGMENT, "A segment was deleted.", segment_id=ID, name=TEXT),
    inner("campaign.created", CAMPAIGN, "A campaign was written.", campaign_id=ID, subject=TEXT, segment_id=ID),
    inner("campaign.updated", CAMPAIGN, "A campaign was edited.", campaign_id=ID, changes=CHANGES),
    inner(
        "campaign.started",
        CAMPAIGN,
        "A campaign is sent, to so many recipients.",
        campaign_id=ID,
        segment_id=ID,
        recipients=COUNT,
    ),
    inner("campaign.tested", CAMPAIGN, "Staff sent a campaign to themselves.", campaign_id=ID, user_id=ID),
    inner("campaign.paused", CAMPAIGN, "A campaign was paused.", campaign_id=ID),
    inner("campaign.resumed", CAMPAIGN, "A campaign goes on.", campaign_id=ID),
    inner("campaign.cancelled", CAMPAIGN, "A campaign was ended by staff.", campaign_id=ID),
    inner("campaign.sent", CAMPAIGN, "A campaign has come to its end.", campaign_id=ID),
]
