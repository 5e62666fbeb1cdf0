"""The text of a campaign: a little markup, made into the text and the HTML of a mail.

Paragraphs stand apart by an empty line. A line that begins with `## ` is a heading, lines that begin with `- ` are a
list, `**words**` are strong, and `[words](https://...)` is a link. All else is text, and none of it is HTML.
"""

import re
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.html import escape

from database.text import WEB_ADDRESS
from marketing.exceptions import BadMarkup

LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\(([^()\s]{1,2000})\)")
STRONG = re.compile(r"\*\*([^*\n]{1,500})\*\*")
PARAGRAPH = "margin:0 0 16px"
HEADING = "margin:24px 0 8px;font-size:18px;line-height:1.3"
LIST = "margin:0 0 16px;padding-left:20px"
ANCHOR = "color:#1d4ed8"


def check_markup(text: str) -> None:
    """Refuse (BadMarkup) a link that is no address of a page."""
    for words, address in LINK.findall(text):
        try:
            WEB_ADDRESS(address)
        except ValidationError:
            raise BadMarkup(f"The link “{words[:60]}” leads nowhere: write https:// and an address.") from None


def blocks(text: str) -> Iterator[list[str]]:
    """The lines of each paragraph."""
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        if lines := [line.strip() for line in block.split("\n") if line.strip()]:
            yield lines


def as_html(text: str) -> str:
    """The HTML of a text, each element with its own style, since mail programs know no other."""
    return "\n".join(html_of(lines) for lines in blocks(text))


def html_of(lines: list[str]) -> str:
    """The HTML of one paragraph."""
    if all(line.startswith("- ") for line in lines):
        items = "".join(f"<li>{inline(line[2:])}</li>" for line in lines)
        return f'<ul style="{LIST}">{items}</ul>'
    if lines[0].startswith("## "):
        heading = f'<h2 style="{HEADING}">{inline(lines[0][3:])}</h2>'
        return heading + (f"\n{html_of(lines[1:])}" if lines[1:] else "")
    return f'<p style="{PARAGRAPH}">{"<br>".join(inline(line) for line in lines)}</p>'


def inline(line: str) -> str:
    """The HTML of one line."""
    parts, last = [], 0
    for link in LINK.finditer(line):
        parts += [strong(line[last : link.start()]), anchor(link[1], link[2])]
        last = link.end()
    return "".join([*parts, strong(line[last:])])


def strong(text: str) -> str:
    """Text with its strong words."""
    return STRONG.sub(r"<strong>\1</strong>", escape(text))


def anchor(words: str, address: str) -> str:
    """A link; its words alone where the address is none."""
    try:
        WEB_ADDRESS(address)
    except ValidationError:
        return strong(words)
    return f'<a href="{escape(address)}" style="{ANCHOR}">{strong(words)}</a>'


def as_text(text: str) -> str:
    """The same for programs that show text alone."""
    lines = []
    for block in blocks(text):
        plain = [STRONG.sub(r"\1", LINK.sub(r"\1 (\2)", line.removeprefix("## "))) for line in block]
        lines.append("\n".join(plain))
    return "\n\n".join(lines)
