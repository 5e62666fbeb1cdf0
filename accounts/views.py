"""People and sessions over HTTP."""

import urllib.parse
from datetime import datetime
from typing import IO, Any

from django.db.models import Q
from django.http import HttpResponse
from django.utils.http import parse_header_parameters
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, sessions
from accounts.authentication import actor_of, session_of, user_of
from accounts.models import User
from accounts.serializers import (
    DetailSerializer,
    LoginBody,
    LoginForm,
    OwnProfileBody,
    PasswordResetBody,
    PasswordResetConfirmBody,
    RefreshBody,
    RegisterBody,
    TokenSerializer,
    UserSerializer,
    UsersQuery,
)
from accounts.tokens import TokenPair
from api.old import View, page_document, page_of
from api.pagination import Keyset
from api.parsers import StrictJSONParser, check_text, read_bounded
from api.permissions import requires
from api.serializers import body_of
from api.throttles import LoginThrottle, OwnProfileThrottle, PasswordResetThrottle, RegistrationThrottle
from api.views import expected_version
from database.refusals import FieldError, Invalid, NotFound, check_version

NEWEST_FIRST = Keyset(("created_at", "id"), (datetime, int), descending=True)


class FormParser(BaseParser):
    """A form-encoded body, as strict as a JSON one: UTF-8, no field twice."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        _, parameters = parse_header_parameters(media_type or "")
        if parameters.get("charset", "utf-8").lower() not in ("utf-8", "us-ascii"):
            raise ParseError("A form is read as UTF-8.")
        try:
            text = read_bounded(stream, parser_context).decode("ascii")
            pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=20)
            form = dict(pairs)
            check_text(form)
        except ValueError as error:
            raise ParseError(f"The form is not valid: {error}") from None
        if len(form) != len(pairs):
            raise ParseError("The form names a field twice.")
        return form


def answer_with_tokens(pair: TokenPair) -> Response:
    document = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "bearer",
        "expires_in": pair.expires_in,
    }
    return Response(document, headers={"Cache-Control": "no-store"})  # asked for by OAuth2, RFC 6749, 5.1


class Users(View):
    permission_classes = [requires(GET="accounts.view_user")]
    throttle_classes = [RegistrationThrottle]

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request.method == "POST" else list(super().get_permissions())

    @extend_schema(summary="Register", request=RegisterBody, responses={201: UserSerializer}, auth=[])
    def post(self, request: Request) -> Response:
        user = services.register_user(**body_of(request, RegisterBody))
        return Response(UserSerializer(user).data, status=201)

    @extend_schema(summary="List users", parameters=[UsersQuery], responses=page_of(UserSerializer))
    def get(self, request: Request) -> Response:
        query = UsersQuery.of(request)
        users = User.objects.filter(anonymised_at=None)
        for word in query.get("search", "").split():
            users = users.filter(
                Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
            )
        if "city" in query:
            users = users.filter(city__iexact=query["city"])
        if "country" in query:
            users = users.filter(country__iexact=query["country"])
        if "role" in query:
            users = users.filter(is_staff=query["role"] == User.Role.ADMIN)
        return Response(
            page_document(request, users, NEWEST_FIRST, query, lambda rows: list(UserSerializer(rows, many=True).data))
        )


class Login(View):
    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_classes = [LoginThrottle]
    parser_classes = [StrictJSONParser, FormParser]

    @extend_schema(
        summary="Log in",
        request={"application/json": LoginBody, "application/x-www-form-urlencoded": LoginForm},
        responses=TokenSerializer,
    )
    def post(self, request: Request) -> Response:
        if request.content_type.lower().startswith(FormParser.media_type):
            body = body_of(request, LoginForm)
            email = body["username"]
        else:
            body = body_of(request, LoginBody)
            email = body["email"]
        pair = sessions.log_in(
            email=email,
            password=body["password"],
            otp_code=body.get("otp_code", ""),
            user_agent=request.headers.get("User-Agent", ""),
        )
        return answer_with_tokens(pair)


def log_out(request: Request) -> Response:
    sessions.end_session(session_id=session_of(request), reason="logout")
    return Response({"detail": "Logged out."})


class Logout(View):
    http_method_names = ["get", "post"]  # no HEAD: one that only looks must not log anybody out

    @extend_schema(summary="Log out", request=None, responses=DetailSerializer)
    def post(self, request: Request) -> Response:
        return log_out(request)

    @extend_schema(summary="Log out (for existing clients; use POST)", responses=DetailSerializer, deprecated=True)
    def get(self, request: Request) -> Response:
        return log_out(request)


class Refresh(View):
    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(summary="Exchange a refresh token", request=RefreshBody, responses=TokenSerializer)
    def post(self, request: Request) -> Response:
        return answer_with_tokens(sessions.refresh_session(**body_of(request, RefreshBody)))


class Me(View):
    permission_classes = [IsAuthenticated]
    throttle_classes = [OwnProfileThrottle]

    @extend_schema(summary="Read one's own profile", responses=UserSerializer)
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(user_of(request)).data)

    @extend_schema(summary="Edit one's own profile", request=OwnProfileBody, responses=UserSerializer)
    def put(self, request: Request) -> Response:
        return update_own(request, partial=False)

    @extend_schema(summary="Edit parts of one's own profile", request=OwnProfileBody, responses=UserSerializer)
    def patch(self, request: Request) -> Response:
        return update_own(request, partial=True)

    @extend_schema(summary="Leave: erase one's profile, keep the orders", responses={204: None})
    def delete(self, request: Request) -> HttpResponse:
        services.anonymise_user(user_id=user_of(request).pk, actor=actor_of(request))
        return HttpResponse(status=204)


def update_own(request: Request, *, partial: bool) -> Response:
    """Edit the caller's profile. What decides who can sign in, email and password, asks for the current password."""
    user, body, version = user_of(request), body_of(request, OwnProfileBody, partial=partial), expected_version(request)
    password, current = body.pop("password", None), body.pop("current_password", None)
    check_version(user.version, version)
    if password is not None or body.get("email", user.email) != user.email:
        if current is None:
            error = FieldError("current_password", "required", "A new email or password needs the current password.")
            raise Invalid("The current password is missing.", errors=[error])
        services.check_current_password(user=user, password=current)
    updated = services.update_own(
        user=user,
        changes=body,
        password=password,
        actor=actor_of(request),
        keep_session=session_of(request),
        expected_version=version,
    )
    return Response(UserSerializer(updated).data)


class UserDetail(View):
    permission_classes = [IsAuthenticated]

    @extend_schema(summary="Read a user", responses=UserSerializer)
    def get(self, request: Request, user_id: int) -> Response:
        return Response(UserSerializer(self.find(request, user_id, "accounts.view_user")).data)

    @extend_schema(summary="Edit a user", request=OwnProfileBody, responses=UserSerializer)
    def put(self, request: Request, user_id: int) -> Response:
        return self.update(request, user_id, partial=False)

    @extend_schema(summary="Edit parts of a user", request=OwnProfileBody, responses=UserSerializer)
    def patch(self, request: Request, user_id: int) -> Response:
        return self.update(request, user_id, partial=True)

    def find(self, request: Request, user_id: int, permission: str) -> User:
        """The user, for the caller themselves and for staff with the permission; for others there is none."""
        if user_id != request.user.pk and not (request.user.is_staff and request.user.has_perm(permission)):
            raise NotFound
        user = User.objects.filter(pk=user_id, anonymised_at=None).first()
        if user is None:
            raise NotFound
        return user

    def update(self, request: Request, user_id: int, *, partial: bool) -> Response:
        if user_id == request.user.pk:
            return update_own(request, partial=partial)
        self.find(request, user_id, "accounts.change_user")
        changes = body_of(request, OwnProfileBody, partial=partial)
        if passwords := [name for name in ("password", "current_password") if name in changes]:
            errors = [FieldError(name, "own_only", "Passwords are changed by their owners.") for name in passwords]
            raise Invalid("The password of somebody else cannot be changed here.", errors=errors)
        updated = services.update_user(
            user_id=user_id,
            changes=changes,
            actor=actor_of(request),
            expected_version=expected_version(request),
        )
        return Response(UserSerializer(updated).data)


class PasswordReset(View):
    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_classes = [PasswordResetThrottle]

    @extend_schema(
        summary="Have a password reset link mailed", request=PasswordResetBody, responses={202: DetailSerializer}
    )
    def post(self, request: Request) -> Response:
        services.request_password_reset(**body_of(request, PasswordResetBody))
        return Response({"detail": "If there is an account with this email, a link is on its way."}, status=202)


class PasswordResetConfirm(View):
    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_classes = [PasswordResetThrottle]

    @extend_schema(
        summary="Set a new password with a mailed link", request=PasswordResetConfirmBody, responses=DetailSerializer
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, PasswordResetConfirmBody)
        services.confirm_password_reset(uid=body["uid"], token=body["token"], password=body["new_password"])
        return Response({"detail": "The password is changed. Log in with the new one."})
