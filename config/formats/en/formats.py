"""How dates are written on pages: short, and not to be mistaken on either side of an ocean."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y H:i"
TIME_FORMAT = "H:i"
