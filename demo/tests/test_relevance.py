"""The search of the demo shop shows first what people mean."""

import tempfile
from io import StringIO

from django.core.management import call_command
from django.test import TestCase, override_settings

from catalog.models import Product
from demo.relevance import SHOWN, ask_all, share


class TheSearchOfTheDemoShop(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.enterClassContext(override_settings(MEDIA_ROOT=cls.enterClassContext(tempfile.TemporaryDirectory())))
        call_command("load_demo", stdout=StringIO())

    def test_what_is_meant_comes_first(self) -> None:
        answers = ask_all()
        missed = [answer for answer in answers if answer.place != 1]
        assert len(answers) >= 150
        assert share(answers, 1) >= 97, missed
        assert share(answers, SHOWN) >= 99, missed

    def test_the_command_prints_the_shares_and_leaves_nothing(self) -> None:
        output = StringIO()
        call_command("search_relevance", stdout=output)
        assert "hit@1" in output.getvalue()
        assert output.getvalue().splitlines()[-1].startswith("all ")
        assert Product.objects.count() == 300
