"""Shapes of people and sessions."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from api.fields import Choice, Email, Text
from api.serializers import BodySerializer


class UserSerializer(serializers.ModelSerializer[User]):
    """A user as answers show one."""

    user_id = serializers.IntegerField(source="id")
    role = serializers.ChoiceField(choices=User.Role.choices)

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
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class ProfileBody(BodySerializer):
    """What people say about themselves."""

    first_name = Text(max_length=100)
    last_name = Text(max_length=100)
    email = Email()
    phone = Text(max_length=32, required=False, allow_blank=True)
    address_line1 = Text(max_length=200, required=False, allow_blank=True)
    address_line2 = Text(max_length=200, required=False, allow_blank=True)
    city = Text(max_length=100, required=False, allow_blank=True)
    state = Text(max_length=100, required=False, allow_blank=True)
    postal_code = Text(max_length=20, required=False, allow_blank=True)
    country = Text(max_length=100, required=False, allow_blank=True)


class RegisterBody(ProfileBody):
    password = Text(max_length=128, trim_whitespace=False)


class OwnProfileBody(ProfileBody):
    """One's own profile. Another email or password needs the current password."""

    password = Text(max_length=128, trim_whitespace=False, required=False)
    current_password = Text(max_length=128, trim_whitespace=False, required=False)


class LoginBody(BodySerializer):
    email = Text(max_length=254)
    password = Text(max_length=128, trim_whitespace=False)


class LoginForm(BodySerializer):
    """The OAuth2 password form. What it may carry beside name and password changes nothing here."""

    username = Text(max_length=254, source="email")
    password = Text(max_length=128, trim_whitespace=False)
    grant_type = Choice(choices=["password"], required=False)
    scope = Text(required=False, allow_blank=True, max_length=200)
    client_id = Text(required=False, allow_blank=True, max_length=200)
    client_secret = Text(required=False, allow_blank=True, max_length=200)


class TokenSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["bearer"], default="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token is good for.")


class RefreshBody(BodySerializer):
    refresh_token = Text(max_length=2000)


class PasswordResetBody(BodySerializer):
    email = Email()


class PasswordResetConfirmBody(BodySerializer):
    uid = Text(max_length=64)
    token = Text(max_length=128)
    new_password = Text(max_length=128, trim_whitespace=False)


class DetailSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
