"""Forms of pages, filled in and sent as a browser would: with everything that the page already holds."""

from html.parser import HTMLParser
from typing import Any

SKIPPED = {"submit", "button", "file", "image", "reset"}


class FormReader(HTMLParser):
    """Collects the values of all fields of the one form that has an element with the name `having`."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self.select: str | None = None
        self.first_option: str | None = None
        self.textarea: str | None = None
        self.inert = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value if value is not None else "" for name, value in attrs}
        self.inert += tag == "template"
        if tag == "form":
            self.forms.append({})
        if not self.forms or self.inert:
            return
        name = at.get("name", "")
        if tag == "input" and name and at.get("type") not in SKIPPED:
            if at.get("type") in ("checkbox", "radio") and "checked" not in at:
                self.forms[-1].setdefault(name, [])
            else:
                self.add(name, at.get("value", "on" if at.get("type") == "checkbox" else ""))
        elif tag == "select":
            self.select, self.first_option = name, None if "multiple" in at else ""
            self.forms[-1].setdefault(name, [])
        elif tag == "option" and self.select and "selected" in at:
            self.add(self.select, at.get("value", ""))
        elif tag == "option" and self.select and self.first_option == "":
            self.first_option = at.get("value", "")
        elif tag == "textarea":
            self.textarea = name
            self.add(name, "")

    def handle_data(self, data: str) -> None:
        if self.textarea and not self.inert:
            self.forms[-1][self.textarea][-1] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        self.inert -= tag == "template"
        if tag == "select" and self.select:
            if not self.forms[-1][self.select] and self.first_option:
                self.add(self.select, self.first_option)
            self.select = None
        elif tag == "textarea":
            self.textarea = None

    def add(self, name: str, value: str) -> None:
        self.forms[-1].setdefault(name, []).append(value)


def form_on(client: Any, url: str, having: str) -> dict[str, list[str]]:
    """What a browser would send of the form with this field, if it were sent as it is."""
    page = client.get(url)
    assert page.status_code == 200, (url, page.status_code)
    reader = FormReader()
    reader.feed(page.content.decode())
    [form] = [form for form in reader.forms if having in form]
    return {name: values for name, values in form.items() if name != "csrfmiddlewaretoken"}


def send(client: Any, url: str, having: str, **changes: Any) -> Any:
    """Fill in these fields of the form on a page, send it to the page, and return the answer."""
    return client.post(url, form_on(client, url, having) | changes)


def messages_of(response: Any) -> list[str]:
    """What the next page tells the person."""
    return [str(message) for message in response.wsgi_request._messages]


def errors_of(response: Any) -> str:
    """Everything that a refused form says, in one text."""
    assert response.status_code == 200, response.status_code
    context = response.context_data
    if "adminform" in context:
        return " ".join(str(error) for group in context["errors"] for error in group)
    forms = [context[name] for name in ("form", "head") if name in context] + list(context.get("lines", []))
    own = [str(form.errors) for form in forms]
    return " ".join(own) + (str(context["lines"].non_form_errors()) if "lines" in context else "")
