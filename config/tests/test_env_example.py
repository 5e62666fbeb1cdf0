"""`.env.example` names exactly the variables that the code reads."""

import re

from django.conf import settings

READS = re.compile(r"""env(?:iron\.get)?(?:\.[a-z]+)?\(\s*["']([A-Z_]+)["']|email_url\(["']([A-Z_]+)["']""")
FILES = ("config/settings.py", "config/gunicorn.py", "config/run.py")
# Of the machine, not of the shop.
NOT_OURS = {"PATH", "LANG", "HOME", "TMPDIR", "DJANGO_SETTINGS_MODULE"}


def test_every_variable_is_explained_and_every_explained_one_is_read() -> None:
    source = "".join((settings.BASE_DIR / file).read_text() for file in FILES)
    read = {first or second for first, second in READS.findall(source)} - NOT_OURS
    example = (settings.BASE_DIR / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == read


def test_the_example_can_be_used_as_it_is() -> None:
    """Every line is a comment or a plain assignment, so that it can be copied to `.env`."""
    for line in (settings.BASE_DIR / ".env.example").read_text().splitlines():
        assert not line or re.match(r"#|[A-Z_]+=\S", line), line
