"""The paper of our PDFs: A4 with the seller and the number above, and the pages counted below."""

from importlib.resources import as_file, files
from typing import cast

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from database.days import zone
from invoicing.models import Invoice
from invoicing.pdf.letters import readable

FAMILY = "sans"
STYLES = {"": "SourceSansPro-Regular.ttf", "B": "SourceSansPro-Bold.ttf"}
MARGIN, BOTTOM = 15, 24  # in mm
SMALL, NORMAL, LARGE = 8, 9.5, 16  # in points
QUIET, INK, LINE = (90, 96, 108), (20, 24, 32), (200, 204, 210)
# Stands for the number of pages until that is known. No text of ours has this sign (letters.readable).
PAGES = "\ue000"
TITLES = {Invoice.Kind.INVOICE: "Invoice", Invoice.Kind.CREDIT_NOTE: "Credit note"}


class Paper(FPDF):
    """The pages of one document."""

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(format="A4")
        self.invoice = invoice
        self.title_words = f"{TITLES[Invoice.Kind(invoice.kind)]} {invoice.number}"
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, BOTTOM)
        with as_file(files("font_source_sans_pro") / "files") as folder:
            for style, name in STYLES.items():
                self.add_font(FAMILY, style, folder / name)
        # Both fonts have the same letters.
        self.known = cast(TTFFont, self.fonts[FAMILY]).cmap
        # The bytes must not depend on when they are made.
        self.set_creation_date(invoice.issued_at.astimezone(zone()))
        self.set_title(self.title_words)
        self.set_author(self.shown(invoice.document["seller"]["name"]))
        self.set_lang("en")
        self.alias_nb_pages(PAGES)
        self.use()

    def use(self, size: float = NORMAL, *, bold: bool = False, quiet: bool = False) -> None:
        """Write on in this size and colour."""
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*(QUIET if quiet else INK))

    def shown(self, text: str) -> str:
        """A text in letters that the font has."""
        return readable(text, self.known)

    def put(self, text: str, width: float = 0, *, align: str = "L") -> None:
        """Write a text that may wrap, and go on below it at the same place."""
        height = self.font_size * 1.35
        self.multi_cell(width, height, self.shown(text), align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def header(self) -> None:
        """What stands above every page: on the first one the seller, on the others the number too."""
        self.use(SMALL, quiet=True)
        if self.page_no() > 1:
            self.put(f"{self.invoice.document['seller']['name']} · {self.title_words}")
            self.ln(4)
        self.use()

    def footer(self) -> None:
        """What stands below every page: what the law asks the seller to say, and the number of the page."""
        self.set_y(-BOTTOM + 4)
        self.use(SMALL, quiet=True)
        if said := self.invoice.document["seller"]["footer"]:
            self.put(said, align="C")
        # Not by `put`, which would take the sign for one that nobody can read.
        self.cell(0, self.font_size * 1.35, f"{self.invoice.number} · Page {self.page_no()} of {PAGES}", align="C")
