"""The second factor of staff: a password alone gives no staff rights to an account that has a device.

Devices and their codes are django-otp's. A session remembers the device whose code began it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp import device_classes, devices_for_user

from accounts.exceptions import OtpDeviceRequired, OtpInvalid, OtpRequired, OtpThrottled
from accounts.models import Session, User
from accounts.trail import note
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor

# Each wrong code doubles the wait, up to about nine minutes. Without an end, whoever knows a password and guesses codes
# would keep the owner out for days.
MOST_DOUBLINGS = 10


@cache
def find_devices() -> str:
    """The statement that names the confirmed devices of a user, of all kinds that are installed."""
    return " union all ".join(
        f"select '{device.model_label()}/' || id from {device._meta.db_table}"  # noqa: S608  # names of models
        " where user_id = %(user_id)s::bigint and confirmed"
        for device in device_classes()
    )


def devices_of(user_id: int) -> set[str]:
    """The user's confirmed devices, by django-otp's `persistent_id`."""
    return {device for (device,) in fetch_rows(find_devices(), {"user_id": user_id})}


def is_satisfied(user: User, shown: str) -> bool:
    """Whether a session that began with a code of the device `shown`, or without one (""), has staff rights today.

    A session with a code loses its staff rights when the device is gone. A session without a code loses them when the
    user gets a device, or ADMIN_REQUIRE_OTP is switched on.
    """
    owned = devices_of(user.pk)
    return shown in owned if shown or owned or settings.ADMIN_REQUIRE_OTP else True


def check_code(*, user: User, code: str) -> str:
    """Use the code up and return the device that the code came from; "" for an account without a device.

    The caller has checked the password. Refuses OtpDeviceRequired, OtpRequired, OtpThrottled and OtpInvalid.
    """
    if not devices_of(user.pk):
        if settings.ADMIN_REQUIRE_OTP:
            raise OtpDeviceRequired
        return ""
    if not code:
        raise OtpRequired
    device = use_code(user=user, code=code)
    if device is None:
        raise OtpInvalid
    return device


def devices_to_try(user: User) -> list[Any]:
    """The user's confirmed devices, locked, none of which waits longer than MOST_DOUBLINGS let it. In a transaction."""
    devices: list[Any] = list(devices_for_user(user, for_verify=True))
    for device in devices:
        device.throttling_failure_count = min(device.throttling_failure_count, MOST_DOUBLINGS)
    return devices


def refuse_throttled(devices: Iterable[Any]) -> None:
    """Refuse (OtpThrottled) while none of the devices takes a code, so that a right code is not called wrong."""
    shut_until = []
    for device in devices:
        is_open, reason = device.verify_is_allowed()
        if is_open:
            return
        shut_until.append(reason["locked_until"])
    raise OtpThrottled(retry_after=(min(shut_until) - timezone.now()).total_seconds())


@unit_of_work
def confirm_device(*, device: Any, code: str, session_id: UUID, actor: Actor) -> bool:
    """Switch a device of one's own on by a code of it, and give its rights to the session that showed the code.

    Until then nobody is asked for its codes, so that nobody is shut out by a device that shows none. All other
    sessions of a member of staff end. Returns whether the code was right. Locks the device. Refuses OtpThrottled.
    """
    locked = type(device).objects.select_for_update().get(pk=device.pk)
    refuse_throttled([locked])
    right = bool(locked.verify_token(code))
    if right:
        type(device).objects.filter(pk=device.pk).update(confirmed=True)
        Session.objects.filter(pk=session_id, user_id=device.user_id).update(otp_device=device.persistent_id)
    kind = "user.device_confirmed" if right else "user.code_refused"
    note(kind, user_id=device.user_id, actor=actor, device=device.persistent_id)
    return right


@unit_of_work
def use_code(*, user: User, code: str) -> str | None:
    """Try a code on all devices of a user and return the one that accepts the code.

    Without such a device this returns None, and the code counts as a wrong guess at each device. Raising a refusal
    instead would undo that count. Locks the devices, so that a code is good once. Refuses OtpThrottled while wrong
    guesses keep all devices shut.
    """
    refuse_throttled(devices_to_try(user))
    # A device that does not know the code counts a wrong guess, although the code may be another device's. So the
    # guesses of the first round are undone. The second round reads the devices again, and its guesses stay.
    for guesses_count in (False, True):
        for device in devices_to_try(user):
            with transaction.atomic():
                if device.verify_token(code):
                    return str(device.persistent_id)
                transaction.set_rollback(not guesses_count)
    return None
