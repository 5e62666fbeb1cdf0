"""What codes, countries and regions look like. Validators of Django, for models and forms."""

from django.core.validators import RegexValidator

validate_code = RegexValidator(r"^[a-z0-9]+([_-][a-z0-9]+)*\Z", "Small letters, digits, and - or _ between them.")
validate_country = RegexValidator(r"^[A-Z]{2}\Z", "Two capital letters of ISO 3166, such as DE.")
validate_region = RegexValidator(r"^[A-Z]{2}-[^\s-].{0,19}\Z", "A country and the code of its region, such as US-CA.")
validate_coupon = RegexValidator(r"^[A-Z0-9][A-Z0-9._-]*\Z", "Capital letters and digits, and . _ - after the first.")
