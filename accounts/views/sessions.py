"""Sessions over HTTP: logging in, staying signed in, logging out, and the list of one's own sessions."""

import urllib.parse
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import HttpResponse
from django.utils.http import parse_header_parameters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import sessions
from accounts.attempts import LoginThrottle, client_of
from accounts.authentication import session_of, user_of
from accounts.exceptions import InvalidCredentials, OtpDeviceRequired, OtpInvalid, OtpRequired
from accounts.models import Session
from accounts.serializers import (
    DetailSerializer,
    LoginBody,
    LoginForm,
    LoginSerializer,
    LogOutBody,
    RefreshBody,
    SessionSerializer,
    TokenSerializer,
)
from accounts.tokens import TokenPair
from api.pagination import Keyset
from api.parsers import StrictJSONParser, check_text, read_bounded
from api.serializers import body_of, document_of
from api.views import ViewSet, refuses
from database.refusals import NotFound
from events.actors import actor_of


class FormParser(BaseParser):
    """Reads a form-encoded body as strictly as a JSON body: UTF-8 alone, and no field twice."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The fields of the form by name. Refuses ParseError, and 413 for a body that is too long."""
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


class SessionViewSet(ViewSet):
    """Signing in, staying signed in, and signing out."""

    @extend_schema(
        operation_id="logIn",
        summary="Log in",
        # One media type alone: some generators of clients make no working code of two.
        description="The password form of OAuth2 is taken too: `application/x-www-form-urlencoded` with `username` and "
        "`password`.",
        request={"application/json": LoginBody},
        responses=LoginSerializer,
    )
    @action(
        detail=False,
        methods=["post"],
        permission_classes=[AllowAny],
        authentication_classes=[],
        throttle_classes=[LoginThrottle],
        parser_classes=[StrictJSONParser, FormParser],
    )
    @refuses(InvalidCredentials, OtpRequired, OtpInvalid, OtpDeviceRequired)
    def login(self, request: Request) -> Response:
        """Begin a session."""
        is_form = request.content_type.lower().startswith(FormParser.media_type)
        body = body_of(request, LoginForm if is_form else LoginBody)
        pair = sessions.log_in(
            email=body["email"],
            password=body["password"],
            otp_code=body.get("otp_code", ""),
            device_token=body.get("device_token", ""),
            client=client_of(request),
        )
        return answer_with_tokens(pair, LoginSerializer)

    @extend_schema(methods=["POST"], operation_id="logOut", summary="Log out", request=None, responses=DetailSerializer)
    @extend_schema(
        methods=["GET"],
        operation_id="logOutByGet",
        summary="Log out (for existing clients; use POST)",
        responses=DetailSerializer,
        deprecated=True,
    )
    # HEAD is refused: a request that only looks must end nothing.
    @action(detail=False, methods=["get", "post"], http_method_names=["get", "post"])
    def logout(self, request: Request) -> Response:
        """End the caller's session."""
        if request.method == "POST":
            body_of(request, LogOutBody)
        sessions.end_session(session_id=session_of(request), reason="logout", actor=actor_of(request))
        return Response(document_of(DetailSerializer, {"detail": "Logged out."}))

    @extend_schema(
        operation_id="refreshToken", summary="Exchange a refresh token", request=RefreshBody, responses=TokenSerializer
    )
    @action(
        detail=False,
        methods=["post"],
        url_path="token/refresh",
        permission_classes=[AllowAny],
        authentication_classes=[],
    )
    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair of tokens."""
        return answer_with_tokens(sessions.refresh_session(**body_of(request, RefreshBody)), TokenSerializer)


def answer_with_tokens(pair: TokenPair, serializer: type[TokenSerializer]) -> Response:
    """The answer that hands out tokens. No cache may store one (OAuth2, RFC 6749, 5.1)."""
    return Response(document_of(serializer, pair), headers={"Cache-Control": "no-store"})


class OwnSessionViewSet(ViewSet):
    """The live sessions of the caller, of the API and, for staff, of the admin. Each may be ended from any other."""

    keyset = Keyset(("created_at", "id"), (datetime, UUID), descending=True)
    serializer_class = SessionSerializer

    @extend_schema(
        operation_id="listMySessions", summary="List one's own sessions", responses=SessionSerializer(many=True)
    )
    def list(self, request: Request) -> Response:
        """The caller's live sessions, newest first."""
        current = ExpressionWrapper(Q(pk=session_of(request)), output_field=BooleanField())
        return self.page_of(Session.objects.live().filter(user=user_of(request)).annotate(current=current))

    @extend_schema(operation_id="endMySession", summary="End one of one's own sessions", responses={204: None})
    def destroy(self, request: Request, session_id: UUID) -> HttpResponse:
        """End a session of the caller, which may be the one that asks. 404 for one that has ended."""
        ended = sessions.end_session(
            session_id=session_id, reason="ended_by_owner", actor=actor_of(request), user_id=user_of(request).pk
        )
        if not ended:
            raise NotFound
        return HttpResponse(status=204)

    @extend_schema(
        operation_id="endMyOtherSessions", summary="End all of one's own sessions but this one", responses={204: None}
    )
    def destroy_others(self, request: Request) -> HttpResponse:
        """End the caller's sessions on all other devices."""
        sessions.end_other_sessions(user_id=user_of(request).pk, but=session_of(request), actor=actor_of(request))
        return HttpResponse(status=204)
