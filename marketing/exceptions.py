"""What can be refused about consents, segments and campaigns."""

from database.refusals import Conflict, FieldError, Invalid


class DeadConfirmation(Invalid):
    """The link confirms nothing: it is wrong, too old, or what was asked for has been withdrawn since."""

    code = "invalid_confirmation_token"

    def __init__(self) -> None:
        error = FieldError("token", "invalid_token", "The link is wrong, or has expired.")
        super().__init__("The link is not valid any more.", errors=[error])


class UnknownWording(Invalid):
    """There never was a wording with this version."""

    code = "unknown_wording"

    def __init__(self) -> None:
        error = FieldError("wording_version", self.code, "There is no such wording.")
        super().__init__("The shop has never had a wording with this version.", errors=[error])


class BadRule(Invalid):
    """A rule of a segment says nothing that can be looked for."""

    code = "bad_rule"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, errors=[FieldError(field, self.code, message)])


class SegmentNameTaken(Conflict):
    """Another segment has this name."""

    code = "segment_name_taken"
    title = "Another segment has this name"


class SegmentInUse(Conflict):
    """A segment that a campaign names stays, so that it is known whom the campaign was for."""

    code = "segment_in_use"
    title = "A campaign is for this segment"


class BadMarkup(Invalid):
    """The text of a campaign has a link that leads nowhere."""

    code = "bad_markup"

    def __init__(self, message: str) -> None:
        super().__init__(message, errors=[FieldError("text", self.code, message)])


class WrongState(Conflict):
    """A campaign in this state cannot do that."""

    code = "wrong_campaign_state"
    title = "The campaign is in another state"

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"The campaign is {state}, and only one that is {wanted} can do that.", state=state)


class NobodyToWriteTo(Conflict):
    """The segment has nobody who wants news."""

    code = "nobody_to_write_to"
    title = "Nobody in this segment wants news"
