"""Bodies and documents of people and sessions."""

from typing import Any

from rest_framework import serializers

from accounts.models import Session, User
from api.fields import Choice, Email, Password, PersonName, Text
from api.serializers import BodySerializer

DEVICE = "What the last log-in from this device answered: attempts from elsewhere then do not keep it out."
OTP_CODE = "The code from one's device, or one on paper: for staff who have one, after the answer `otp_required`."


class UserSerializer(serializers.ModelSerializer[User]):
    """The document of a user."""

    user_id = serializers.IntegerField(source="id")
    role = serializers.ChoiceField(choices=User.Role.choices)
    erase_at = serializers.DateTimeField(
        required=False,
        help_text="Only while one is about to leave: when the profile will be erased. Open orders are waited for.",
    )

    class Meta:
        model = User
        fields = [
            "user_id",
            "first_name",
            "last_name",
            "email",
            "phone",
            "address_line1",
            "address_line2",
            "city",
            "state",
            "postal_code",
            "country",
            "role",
            "email_confirmed_at",
            "version",
            "created_at",
            "updated_at",
            "erase_at",
        ]
        read_only_fields = fields

    def to_representation(self, instance: User) -> dict[str, Any]:
        """The document. `erase_at` is in it while the person is about to leave."""
        document = super().to_representation(instance)
        if document["erase_at"] is None:
            del document["erase_at"]
        return document


class ProfileBody(BodySerializer):
    """The profile that people write about themselves."""

    first_name = PersonName(max_length=100)
    last_name = PersonName(max_length=100)
    email = Email()
    phone = Text(max_length=32, required=False, allow_blank=True)
    address_line1 = Text(max_length=200, required=False, allow_blank=True)
    address_line2 = Text(max_length=200, required=False, allow_blank=True)
    city = Text(max_length=100, required=False, allow_blank=True)
    state = Text(max_length=100, required=False, allow_blank=True)
    postal_code = Text(max_length=20, required=False, allow_blank=True)
    country = Text(max_length=100, required=False, allow_blank=True)


class RegisterBody(ProfileBody):
    """A new customer."""

    password = Password()


class OwnProfileBody(ProfileBody):
    """An edited profile. The owner may set a new password, and needs the current one for a new email or password."""

    password = Password(required=False)
    current_password = Password(required=False)


class LeaveBody(BodySerializer):
    """The password of an account that is to be erased."""

    current_password = Password()


class LoginBody(BodySerializer):
    """Email and password."""

    email = Text(max_length=254)
    password = Password()
    otp_code = Text(max_length=16, required=False, allow_blank=True, help_text=OTP_CODE)
    device_token = Text(max_length=400, required=False, allow_blank=True, help_text=DEVICE)


class LoginForm(BodySerializer):
    """The OAuth2 password form. The fields beside name and password are accepted and change nothing."""

    username = Text(max_length=254, source="email")
    password = Password()
    otp_code = Text(max_length=16, required=False, allow_blank=True, help_text=OTP_CODE)
    device_token = Text(max_length=400, required=False, allow_blank=True, help_text=DEVICE)
    grant_type = Choice(choices=["password"], required=False)
    scope = Text(required=False, allow_blank=True, max_length=200)
    client_id = Text(required=False, allow_blank=True, max_length=200)
    client_secret = Text(required=False, allow_blank=True, max_length=200)


class TokenSerializer(serializers.Serializer[Any]):
    """The tokens of a session, in the members that OAuth2 names."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["bearer"], default="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token is good for.")


class LoginSerializer(TokenSerializer):
    """The tokens of a session that begins, and the one by which the account knows the device from now on."""

    device_token = serializers.CharField(help_text="Keep it on the device, beyond the session, for the next log-in.")


class SessionSerializer(serializers.ModelSerializer[Session]):
    """The document of a session: enough for its owner to recognise it, and nothing that opens it."""

    session_id = serializers.UUIDField(source="id")
    channel = serializers.ChoiceField(choices=["api", "admin"])
    current = serializers.BooleanField(help_text="Whether it is the session that asks.")
    last_used_at = serializers.DateTimeField(
        source="refreshed_at", help_text="Of the API: when its tokens were last exchanged."
    )
    expires_at = serializers.DateTimeField(help_text="When it ends unless it is used before.")
    second_factor = serializers.BooleanField(source="otp_device", help_text="Whether a code began it.")

    class Meta:
        model = Session
        fields = [
            "session_id",
            "channel",
            "current",
            "user_agent",
            "second_factor",
            "created_at",
            "last_used_at",
            "expires_at",
        ]
        read_only_fields = fields


class LogOutBody(BodySerializer):
    """Nothing. Clients may send members with it, as they always could, and they mean nothing."""

    def to_internal_value(self, data: Any) -> Any:
        """No members, whatever was sent."""
        return {}


class RefreshBody(BodySerializer):
    """A refresh token to exchange."""

    refresh_token = Text(max_length=2000)


class PasswordResetBody(BodySerializer):
    """The email of an account whose password is forgotten."""

    email = Email()


class PasswordResetConfirmBody(BodySerializer):
    """A new password, with the user's id (`uid`) and the token of the mailed link."""

    uid = Text(max_length=64)
    token = Text(max_length=128)
    new_password = Password()


class ConfirmEmailBody(BodySerializer):
    """The user's id (`uid`) and the token of the mailed link."""

    uid = Text(max_length=64)
    token = Text(max_length=128)


class DetailSerializer(serializers.Serializer[Any]):
    """One sentence about what was done."""

    detail = serializers.CharField()
