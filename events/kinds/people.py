"""What happens to accounts, and at the doors of the shop. Nothing here holds an email, an address or a secret."""

from events.kinds.declaring import CHANGES, COUNT, FLAG, ID, TEXT, UUID, Kind, inner, kind, listed, optional, or_null

USER = "user:{user_id}"
GROUP = {"group_id": ID, "name": TEXT, "permissions": listed(TEXT)}
# `source` is a pseudonym of the address that was asked from, and `account` one of an email that has no account.
DOOR = {
    "user_id": optional(ID),
    "reason": TEXT,
    "source": optional(TEXT),
    "known_device": optional(FLAG),
    "account": optional(TEXT),
}
ASKED = {"user_id": optional(ID), "method": TEXT, "route": TEXT, "source": TEXT}
# A device may be renamed, which is told by the name of the field alone.
EDITS = {"type": "object"}
KEY = {"key_id": ID, "name": TEXT, "kind": TEXT, "prefix": TEXT, "scopes": listed(TEXT), "expires_at": or_null(TEXT)}
DEVICE = {"user_id": ID, "device": TEXT, "confirmed": optional(FLAG)}

PEOPLE: list[Kind] = [
    kind("user.registered", USER, "Somebody has registered, or an administrator made an account.", user_id=ID),
    kind(
        "user.updated", USER, "A profile was edited. The fields are named, not told.", user_id=ID, fields=listed(TEXT)
    ),
    kind("user.email_confirmed", USER, "Somebody has shown that they read the mailbox of their email.", user_id=ID),
    kind("user.anonymised", USER, "A person was forgotten.", user_id=ID),
    inner("user.email_changed", USER, "An account has another email.", user_id=ID),
    inner("user.confirmation_requested", USER, "The link that confirms an email was asked for.", user_id=ID),
    inner("user.address_added", USER, "An address was added.", user_id=ID, address_id=ID),
    inner("user.address_changed", USER, "An address was edited.", user_id=ID, address_id=ID, fields=listed(TEXT)),
    inner("user.address_removed", USER, "An address was removed.", user_id=ID, address_id=ID),
    inner("user.leaving", USER, "Somebody has asked to be forgotten.", user_id=ID),
    inner("user.restored", USER, "Somebody stays after all.", user_id=ID),
    inner(
        "user.access_changed",
        USER,
        "What an account may do was changed: switches and groups.",
        user_id=ID,
        changes=CHANGES,
    ),
    inner(
        "user.noted",
        USER,
        "Staff wrote a note about a customer.",
        user_id=ID,
        note_id=ID,
        about=TEXT,
        mentioned=listed(ID),
    ),
    inner(
        "user.logged_in",
        USER,
        "A session has begun.",
        user_id=ID,
        session_id=UUID,
        source=TEXT,
        known_device=FLAG,
        second_factor=FLAG,
    ),
    inner("user.login_failed", USER, "A log-in was refused.", **DOOR),
    inner("user.code_asked", USER, "A password was right, and a code is asked for.", **DOOR),
    inner("user.code_refused", USER, "A code was wrong.", **(DOOR | {"reason": optional(TEXT)}), device=optional(TEXT)),
    inner("user.session_ended", USER, "A session has ended.", user_id=ID, session_id=UUID, reason=TEXT),
    inner("user.sessions_ended", USER, "All sessions have ended.", user_id=ID, number=COUNT, reason=TEXT),
    inner("user.password_changed", USER, "A password was changed.", user_id=ID),
    inner("user.password_reset_requested", USER, "The link that sets a new password was asked for.", user_id=ID),
    inner("user.password_reset_in_vain", "user:unknown", "It was asked for an email that has no account."),
    inner("user.reset_failed", USER, "A link that sets a new password was wrong.", user_id=optional(ID)),
    inner("user.refused", USER, "Somebody asked for what they may not do.", **ASKED),
    inner("user.throttled", USER, "Somebody asked too often.", **ASKED),
    inner("user.device_added", USER, "A device of the second factor was added.", **DEVICE),
    inner("user.device_confirmed", USER, "A device of the second factor is on.", **DEVICE),
    inner(
        "user.device_changed",
        USER,
        "A device was edited. The fields are named.",
        **DEVICE,
        fields=listed(TEXT),
        changes=EDITS,
    ),
    inner("user.device_removed", USER, "A device of the second factor was removed.", **DEVICE),
    inner("group.created", "group:{group_id}", "A group was made.", **GROUP),
    inner("group.changed", "group:{group_id}", "What a group may do was changed.", **GROUP, changes=CHANGES),
    inner("group.deleted", "group:{group_id}", "A group was deleted.", **GROUP),
    inner("api_key.created", "api_key:{key_id}", "A key for a program was made. The key itself is told nobody.", **KEY),
    inner("api_key.revoked", "api_key:{key_id}", "A key was revoked.", **KEY, reason=TEXT),
]
