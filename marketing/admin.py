"""Marketing, for staff: who wants mails and how that is known, segments, and campaigns, each in a module of its own."""

from marketing.admin_campaigns import CampaignAdmin as CampaignAdmin
from marketing.admin_consents import ConsentAdmin as ConsentAdmin
from marketing.admin_segments import SegmentAdmin as SegmentAdmin
