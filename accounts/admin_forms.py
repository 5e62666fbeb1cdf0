"""The forms of the pages of people."""

from django import forms

from accounts import services
from accounts.models import User
from database.text import normalised_email
from staff.forms import StaffForm

RIGHTS = ("is_staff", "is_superuser", "groups")
ACCESS = ("is_active", *RIGHTS)
PROFILE = ("email", *services.PROFILE_FIELDS)
ADDRESS_LINES = {"address_line1": "Address line 1", "address_line2": "Address line 2"}


class EmailForm(StaffForm[User]):
    """The email of a person, in the one form in which it is kept."""

    def clean_email(self) -> str:
        """The email in that form. The form of a row from before there was one stays while the address does."""
        email: str = self.cleaned_data["email"]
        return self.instance.email if email == self.instance.email else normalised_email(email)


class UserForm(EmailForm):
    """The page of a person: profile and access."""

    class Meta:
        model = User
        fields = (*PROFILE, *ACCESS)
        widgets = {"groups": forms.CheckboxSelectMultiple}
        labels = {"is_active": "May sign in", "is_staff": "Works here: may see these pages"} | ADDRESS_LINES


class NewUserForm(EmailForm):
    """A new person: profile and password."""

    password = forms.CharField(
        strip=False, max_length=128, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    class Meta:
        model = User
        fields = PROFILE
        labels = ADDRESS_LINES


class PasswordForm(forms.Form):
    """A new password for another person."""

    password = forms.CharField(
        label="New password",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="It ends all sessions of this person.",
    )


class AnonymiseForm(forms.Form):
    """The second thought before a person is forgotten."""

    sure = forms.BooleanField(label="Yes, forget this person")


class LeaveForm(forms.Form):
    """The end of one's own account, for whoever knows its password."""

    current_password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Your account works on until it is erased, and you can take this back on your page.",
    )
