"""What accounts refuse."""

from database.refusals import Conflict, FieldError, Refusal


class InvalidCredentials(Refusal):
    """Wrong password, unknown email and disabled account: one and the same answer."""

    status = 401
    code = "invalid_credentials"
    title = "Email or password is wrong"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class InvalidToken(Refusal):
    status = 401
    code = "invalid_token"
    title = "The token is not valid, has expired, or its session has ended"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class EmailTaken(Conflict):
    code = "email_taken"
    title = "An account with this email exists"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("email", self.code, "An account with this email exists.")])


class PasswordReplaced(Conflict):
    """What entitled the caller to set a password, the old one or a link, was good until a moment ago."""

    code = "password_replaced"
    title = "The password was changed meanwhile"


class AdministratorsOnly(Refusal):
    """Rights, and the accounts that hold any, are a matter of administrators: superusers, or the system itself."""

    status = 403
    code = "permission_denied"
    title = "Not allowed"

    def __init__(self) -> None:
        super().__init__("Accounts of staff are edited by administrators.")


class LastAdministrator(Conflict):
    code = "last_administrator"
    title = "The last administrator cannot leave"
