"""People over HTTP: registering, profiles, leaving, and passwords that were forgotten."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import leaving, mailed_links, services
from accounts.attempts import ConfirmationThrottle, MailedConfirmationThrottle, OwnProfileThrottle
from accounts.authentication import session_of, user_of
from accounts.exceptions import EmailTaken, LastAdministrator, PasswordReplaced
from accounts.filters import UserFilterSet
from accounts.models import User
from accounts.serializers import (
    ConfirmEmailBody,
    DetailSerializer,
    LeaveBody,
    OwnProfileBody,
    PasswordResetBody,
    PasswordResetConfirmBody,
    RegisterBody,
    UserSerializer,
)
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import NoBody, body_of, document_of
from api.throttles import PasswordResetThrottle, RegistrationThrottle
from api.views import ViewSet, expected_version, refuses
from database.refusals import FieldError, Invalid, NotFound
from events.actors import actor_of

SeesUsers = requires("accounts.view_user")


class UserViewSet(ViewSet):
    """Customers and staff. People see and edit themselves; what staff see and edit depends on their permissions."""

    keyset = Keyset(("created_at", "id"), (datetime, int), descending=True)
    filterset_class = UserFilterSet
    serializer_class = UserSerializer
    lookup_url_kwarg = "user_id"
    lookup_value_converter = "id"

    def get_permissions(self) -> list[Any]:
        """Everybody may register, and staff may see the list. All else needs a caller who is signed in."""
        by_action: dict[str, type[BasePermission]] = {"create": AllowAny, "list": SeesUsers}
        return [by_action.get(self.action, IsAuthenticated)()]

    def get_throttles(self) -> list[Any]:
        """New accounts have a limit of their own, and so have edits that name the caller's current password."""
        if self.action in ("update", "partial_update"):
            return [OwnProfileThrottle()]
        return [RegistrationThrottle()] if self.action == "create" else super().get_throttles()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As everywhere, but for the one DELETE that has a body: whoever leaves gives the password."""
        try:
            super().initial(request, *args, **kwargs)
        except Invalid as refusal:  # the base looks for a body after all else
            if self.action != "destroy_me" or refusal.code != "unexpected_body":
                raise

    @extend_schema(
        operation_id="registerUser", summary="Register", request=RegisterBody, responses={201: UserSerializer}, auth=[]
    )
    @refuses(EmailTaken)
    def create(self, request: Request) -> Response:
        """Register a customer."""
        user = services.register_user(**body_of(request, RegisterBody))
        return Response(document_of(UserSerializer, user), status=201)

    @extend_schema(operation_id="listUsers", summary="List users", responses=UserSerializer(many=True))
    def list(self, request: Request) -> Response:
        """The people who have not left, newest first."""
        return self.page_of(User.objects.filter(anonymised_at=None))

    @extend_schema(operation_id="getUser", summary="Read a user", responses=UserSerializer)
    def retrieve(self, request: Request, user_id: int) -> Response:
        """One person."""
        return Response(document_of(UserSerializer, self.find(user_id, "accounts.view_user")))

    @extend_schema(
        operation_id="updateUser", summary="Edit a user", request=OwnProfileBody(partial=True), responses=UserSerializer
    )
    @refuses(EmailTaken, PasswordReplaced)
    def update(self, request: Request, user_id: int) -> Response:
        """Edit what the body names of one person, by PUT as by PATCH."""
        return self.edit(user_id)

    partial_update = update

    @extend_schema(operation_id="getMe", summary="Read one's own profile", responses=UserSerializer)
    @action(detail=False, throttle_classes=[OwnProfileThrottle])
    def me(self, request: Request) -> Response:
        """The caller."""
        return Response(document_of(UserSerializer, user_of(request)))

    @extend_schema(
        operation_id="updateMe",
        summary="Edit one's own profile",
        request=OwnProfileBody(partial=True),
        responses=UserSerializer,
    )
    @me.mapping.put
    @refuses(EmailTaken, PasswordReplaced)
    def update_me(self, request: Request) -> Response:
        """Edit what the body names of the caller, by PUT as by PATCH."""
        return self.edit_caller()

    @extend_schema(
        operation_id="updateMe",
        summary="Edit one's own profile",
        request=OwnProfileBody(partial=True),
        responses=UserSerializer,
    )
    @me.mapping.patch
    @refuses(EmailTaken, PasswordReplaced)
    def partial_update_me(self, request: Request) -> Response:
        """As update_me."""
        return self.edit_caller()

    @extend_schema(
        operation_id="leave",
        summary="Leave: have one's profile erased in some days, and keep the orders",
        description="Ends all sessions. For 14 days (`ERASE_AFTER_DAYS`) one can log in again, and stay by restoring. "
        "Orders that are still to be shipped then are waited for.",
        request={"application/json": LeaveBody},
        responses={204: None},
    )
    @me.mapping.delete
    @refuses(LastAdministrator, PasswordReplaced)
    def destroy_me(self, request: Request) -> HttpResponse:
        """Have the caller's profile erased after some days, and keep the orders."""
        body = body_of(request, LeaveBody)
        leaving.leave(user=user_of(request), current_password=body["current_password"], actor=actor_of(request))
        return HttpResponse(status=204)

    @extend_schema(
        operation_id="restoreMe",
        summary="Stay after all: one's profile is not erased",
        request=None,
        responses=UserSerializer,
    )
    @action(detail=False, methods=["post"], url_path="me/restore")
    def restore_me(self, request: Request) -> Response:
        """Take back that the caller leaves."""
        body_of(request, NoBody)
        restored = leaving.restore_user(user_id=user_of(request).pk, actor=actor_of(request))
        return Response(document_of(UserSerializer, restored))

    def find(self, user_id: int, permission: str) -> User:
        """The user, for the user and for staff with the permission. Everybody else is refused NotFound."""
        caller = self.request.user
        if user_id != caller.pk and not (caller.is_staff and caller.has_perm(permission)):
            raise NotFound
        user = User.objects.filter(pk=user_id, anonymised_at=None).first()
        if user is None:
            raise NotFound
        return user

    def edit(self, user_id: int) -> Response:
        """Edit the caller, or as staff another person. The service decides which people (accounts.rights)."""
        request = self.request
        if user_id == request.user.pk:
            return self.edit_caller()
        self.find(user_id, "accounts.change_user")
        changes = body_of(request, OwnProfileBody, partial=True)
        if passwords := [name for name in ("password", "current_password") if name in changes]:
            errors = [FieldError(name, "own_only", "Passwords are changed by their owners.") for name in passwords]
            raise Invalid("The password of somebody else cannot be changed here.", errors=errors)
        updated = services.update_user(
            user_id=user_id, changes=changes, actor=actor_of(request), expected_version=expected_version(request)
        )
        return Response(document_of(UserSerializer, updated))

    def edit_caller(self) -> Response:
        """Edit the profile and the password of the caller."""
        request = self.request
        changes = body_of(request, OwnProfileBody, partial=True)
        updated = services.update_own(
            user=user_of(request),
            password=changes.pop("password", None),
            current_password=changes.pop("current_password", None),
            changes=changes,
            actor=actor_of(request),
            keep_session=session_of(request),
            expected_version=expected_version(request),
        )
        return Response(document_of(UserSerializer, updated))


class PasswordResetViewSet(ViewSet):
    """A new password for people who have forgotten theirs, by a mailed link."""

    permission_classes = [AllowAny]
    throttle_classes = [PasswordResetThrottle]

    @extend_schema(
        operation_id="requestPasswordReset",
        summary="Have a password reset link mailed",
        request=PasswordResetBody,
        responses={202: DetailSerializer},
        auth=[],
    )
    def create(self, request: Request) -> Response:
        """Have the link mailed. The answer is the same whether there is such an account or not."""
        mailed_links.request_password_reset(**body_of(request, PasswordResetBody))
        detail = "If there is an account with this email, a link is on its way."
        return Response(document_of(DetailSerializer, {"detail": detail}), status=202)

    @extend_schema(
        operation_id="confirmPasswordReset",
        summary="Set a new password with a mailed link",
        request=PasswordResetConfirmBody,
        responses=DetailSerializer,
        auth=[],
    )
    @action(detail=False, methods=["post"])
    @refuses("invalid_reset_token", PasswordReplaced)
    def confirm(self, request: Request) -> Response:
        """Set a new password."""
        body = body_of(request, PasswordResetConfirmBody)
        mailed_links.confirm_password_reset(uid=body["uid"], token=body["token"], password=body["new_password"])
        return Response(document_of(DetailSerializer, {"detail": "The password is changed. Log in with the new one."}))


class EmailConfirmationViewSet(ViewSet):
    """A mailed link shows that its reader has the mailbox of the account's email."""

    permission_classes = [AllowAny]
    throttle_classes = [ConfirmationThrottle]

    @extend_schema(
        operation_id="confirmEmail",
        summary="Confirm an email with a mailed link",
        request=ConfirmEmailBody,
        responses={200: DetailSerializer},
        auth=[],
    )
    @refuses("invalid_confirmation_token")
    def create(self, request: Request) -> Response:
        """Confirm the email that the link was mailed to. Again changes nothing."""
        mailed_links.confirm_email(**body_of(request, ConfirmEmailBody))
        return Response(document_of(DetailSerializer, {"detail": "The email is confirmed."}))


class OwnEmailConfirmationViewSet(ViewSet):
    """The mail with such a link, once more."""

    throttle_classes = [MailedConfirmationThrottle]

    @extend_schema(
        operation_id="requestEmailConfirmation",
        summary="Have the link that confirms one's email mailed again",
        request=None,
        responses={202: DetailSerializer},
    )
    def create(self, request: Request) -> Response:
        """Have the link mailed. Nothing is mailed where the email is confirmed."""
        body_of(request, NoBody)
        mailed_links.request_confirmation(user_id=user_of(request).pk, actor=actor_of(request))
        detail = "Unless your email is confirmed, a link is on its way."
        return Response(document_of(DetailSerializer, {"detail": detail}), status=202)
