"""Days of people: they begin and end in the shop's time zone, SHOP_TIME_ZONE. Moments are kept and exchanged in UTC."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings


def zone() -> ZoneInfo:
    """The time zone of the shop."""
    return ZoneInfo(settings.SHOP_TIME_ZONE)


def day_of(moment: datetime) -> date:
    """The day on which a moment is in the shop."""
    return moment.astimezone(zone()).date()


def today() -> date:
    """The day that it is in the shop."""
    return day_of(datetime.now(UTC))


def first_moment(day: date) -> datetime:
    """The moment in UTC at which a day of the shop begins."""
    try:
        return datetime.combine(day, time.min, zone()).astimezone(UTC)
    except OverflowError:  # no moment of this day can be written in UTC
        return datetime.min.replace(tzinfo=UTC)


def last_moment(day: date) -> datetime:
    """The last microsecond, in UTC, of a day of the shop. Where an hour comes twice, it is in the second one."""
    try:
        return datetime.combine(day, time.max.replace(fold=1), zone()).astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
