"""The refusals of accounts."""

import math
from collections.abc import Sequence

from database.refusals import Conflict, FieldError, Refusal

# What a sentence lists at most.
MOST_NAMES = 10


class InvalidCredentials(Refusal):
    """A wrong password, an unknown email, or a disabled account. The answer does not tell which of them."""

    status = 401
    code = "invalid_credentials"
    title = "Email or password is wrong"

    @property
    def headers(self) -> dict[str, str]:
        """The scheme to sign in with, which every 401 names."""
        return {"WWW-Authenticate": "Bearer"}


class InvalidToken(Refusal):
    """A token that is forged or expired, or whose session has ended."""

    status = 401
    code = "invalid_token"
    title = "The token is not valid, has expired, or its session has ended"

    @property
    def headers(self) -> dict[str, str]:
        """The scheme to sign in with, and what was wrong with the token (RFC 6750, 3)."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class InvalidApiKey(InvalidToken):
    """A key that is unknown, revoked or expired."""

    code = "invalid_api_key"
    title = "The API key is not known, has expired, or was revoked"


class ScopeRequired(Refusal):
    """A key that lacks the scope of an operation. `required_scope` names it."""

    status = 403
    code = "scope_required"
    title = "The API key lacks a scope"
    members = {"required_scope": {"type": "string"}}

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs a key with the scope {scope}.", required_scope=scope)


class NotForKeys(Refusal):
    """An operation that people do and keys never do, whatever their scopes."""

    status = 403
    code = "not_for_keys"
    title = "This is not for API keys"


class ScopeNotYours(Refusal):
    """Nobody gives a key more than they may do themselves."""

    status = 403
    code = "scope_not_yours"
    title = "A key may do no more than you"

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(f"You lack the rights for: {', '.join(scopes)}.")


class OtpRequired(InvalidCredentials):
    """The password is right, and the account has a device whose code is missing."""

    code = "otp_required"
    title = "A code from your device is needed"


class OtpInvalid(InvalidCredentials):
    """The password is right, and the code is wrong, too old, or used."""

    code = "otp_invalid"
    title = "The code is wrong, too old, or was used"


class OtpDeviceRequired(Refusal):
    """The password is right, ADMIN_REQUIRE_OTP asks all staff for a code, and the account has no device."""

    status = 403
    code = "otp_device_required"
    title = "A code is required, and you have no device for it yet"


class OtpThrottled(Refusal):
    """After wrong codes the account's devices take no code for a while. Each wrong code doubles the wait."""

    status = 429
    code = "throttled"
    title = "Too many wrong codes"

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """The seconds until one of the devices takes a code again."""
        return {"Retry-After": str(max(1, math.ceil(self.retry_after)))}


class TooManyGuesses(Refusal):
    """The password of an account has been tried too often. `retry_after` are the seconds until the next attempt."""

    status = 429
    code = "throttled"
    title = "Too many attempts"

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Too many attempts. Try again in {math.ceil(retry_after) or 1} seconds.")


class EmailTaken(Conflict):
    """Another account has the email, in whatever case."""

    code = "email_taken"
    title = "An account with this email exists"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("email", self.code, "An account with this email exists.")])


class PasswordReplaced(Conflict):
    """The caller's old password or link was good a moment ago, and the password has been changed since."""

    code = "password_replaced"
    title = "The password was changed meanwhile"


class AdministratorsOnly(Refusal):
    """Only administrators, superusers or the system itself, change rights and the accounts that hold rights."""

    status = 403
    code = "permission_denied"
    title = "Not allowed"

    def __init__(self) -> None:
        super().__init__("Accounts of staff are edited by administrators.")


class Unfinished(Conflict):
    """The shop has still to do something for a person who is to be forgotten. `unfinished` names it."""

    code = "unfinished"
    members = {"unfinished": {"type": "array", "items": {"type": "string"}}}
    title = "The shop has still to do something for this person"

    def __init__(self, names: Sequence[str]) -> None:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        super().__init__(f"This must end first: {', '.join(names[:MOST_NAMES])}{more}.", unfinished=list(names))


class TooManyAddresses(Conflict):
    """The address book is full."""

    code = "too_many_addresses"
    title = "An address book has no room for more"

    def __init__(self, most: int) -> None:
        super().__init__(f"An address book has at most {most} addresses. Delete one first.")


class LastAdministrator(Conflict):
    """Without this user no active administrator would be left."""

    code = "last_administrator"
    title = "The last administrator cannot leave"
