"""Pictures of things to wear and to carry out of the house, each drawn on a Canvas."""

from demo.canvas import Canvas, Colour


def _top(c: Canvas, fill: Colour, *, sleeve: float) -> None:
    """The outline of something with two sleeves, which end at this height."""
    for left in (True, False):
        x = [50 + (-1 if left else 1) * offset for offset in (18, 36, 27, 14)]
        c.shape(c.dark, (x[0], 24), (x[1], sleeve - 4), (x[2], sleeve), (x[3], 44))
    c.shape(fill, (38, 20), (62, 20), (70, 26), (68, 80), (32, 80), (30, 26))


def jumper(c: Canvas) -> None:
    """A jumper."""
    _top(c, c.body, sleeve=72)
    c.box(32, 75, 68, 81, c.dark, 1)
    c.pie(50, 20, 22, 16, 0, 180, c.dark)
    for row in range(4):
        for column in range(6):
            c.shape(
                c.light, *((36 + column * 5 + x, 38 + row * 8 + y) for x, y in ((0, 0), (1.5, 3), (3, 0), (1.5, 1)))
            )


def shirt(c: Canvas) -> None:
    """A shirt with buttons."""
    _top(c, c.body, sleeve=70)
    c.line(c.dark, 0.7, (50, 24), (50, 80))
    c.shape(c.light, (40, 18), (50, 28), (44, 34))
    c.shape(c.light, (60, 18), (50, 28), (56, 34))
    for y in range(36, 80, 9):
        c.disc(50, y, 2, c.paper)
    c.box(55, 38, 64, 48, c.dark, 1)


def tee(c: Canvas) -> None:
    """A T-shirt."""
    _top(c, c.body, sleeve=44)
    c.pie(50, 20, 22, 18, 0, 180, c.dark)
    c.pie(50, 19, 18, 13, 0, 180, c.paper)


def beanie(c: Canvas) -> None:
    """A beanie."""
    c.pie(50, 62, 60, 84, 180, 360, c.body)
    for x in (34, 42, 50, 58, 66):
        c.line(c.dark, 0.8, (50 + (x - 50) * 0.4, 24 + abs(x - 50) * 0.4), (x, 60))
    c.box(18, 58, 82, 74, c.dark, 5)
    for x in range(22, 82, 5):
        c.line(c.body, 0.9, (x, 60), (x, 72))
    c.disc(50, 20, 13, c.light)


def shoe(c: Canvas) -> None:
    """A shoe."""
    c.shape(c.body, (16, 66), (18, 44), (34, 46), (52, 58), (76, 62), (86, 70), (86, 74), (16, 74))
    c.shape(c.dark, (18, 44), (34, 46), (38, 50), (20, 56))
    c.box(14, 72, 88, 80, c.paper, 3)
    c.box(14, 77, 88, 80, c.accent, 1)
    for step in range(4):
        c.line(c.paper, 1.4, (38 + step * 5, 50 + step * 2.4), (34 + step * 5, 57 + step * 2.4))
    c.oval(78, 68, 14, 10, c.light)


def boot(c: Canvas) -> None:
    """A boot."""
    c.shape(c.body, (28, 20), (54, 20), (56, 50), (80, 60), (86, 74), (26, 74))
    c.shape(c.dark, (28, 20), (54, 20), (54, 27), (28, 27))
    c.box(24, 72, 88, 80, c.ink, 2)
    c.box(24, 74, 40, 83, c.ink, 1)
    for step in range(4):
        c.line(c.light, 1.4, (46, 32 + step * 7), (56, 30 + step * 7))
    c.oval(78, 67, 12, 9, c.light)


def sandal(c: Canvas) -> None:
    """A sandal."""
    c.box(14, 68, 88, 79, c.dark, 5)
    c.box(14, 66, 88, 73, c.paper, 4)
    c.shape(c.body, (48, 68), (54, 50), (72, 52), (80, 68))
    c.shape(c.light, (54, 50), (58, 50), (54, 68), (48, 68))
    c.line(c.body, 4, (20, 67), (22, 50), (36, 48), (50, 60))


def tent(c: Canvas) -> None:
    """A tent."""
    c.shape(c.body, (50, 22), (90, 78), (10, 78))
    c.shape(c.dark, (50, 22), (90, 78), (56, 78))
    c.shape(c.ink, (50, 38), (62, 78), (36, 78))
    c.shape(c.light, (50, 38), (36, 78), (28, 78))
    c.line(c.ink, 0.8, (50, 22), (4, 78))
    c.line(c.ink, 0.8, (50, 22), (96, 78))


def backpack(c: Canvas) -> None:
    """A backpack."""
    c.arc(50, 26, 20, 180, 360, c.ink, 3)
    c.box(26, 22, 74, 82, c.body, 14)
    c.box(26, 22, 74, 44, c.dark, 14)
    c.box(32, 54, 68, 77, c.light, 5)
    c.line(c.dark, 1.2, (35, 61), (65, 61))
    for x in (38, 62):
        c.box(x - 2, 36, x + 2, 52, c.ink, 1)


def bag(c: Canvas) -> None:
    """A bag."""
    c.oval(50, 52, 74, 40, c.dark)
    c.box(20, 32, 74, 72, c.body, 20)
    c.oval(74, 52, 20, 40, c.light)
    c.oval(74, 52, 10, 22, c.body)
    for x in (34, 54):
        c.box(x, 32, x + 4, 72, c.ink)


def bottle(c: Canvas) -> None:
    """A bottle."""
    c.box(37, 30, 63, 82, c.body, 6)
    c.box(42, 20, 58, 32, c.dark, 2)
    c.box(40, 12, 60, 22, c.ink, 3)
    c.box(41, 36, 45, 76, c.light, 2)
    c.box(37, 66, 63, 69, c.dark)


def poles(c: Canvas) -> None:
    """Two crossed poles."""
    for top, bottom, colour in ((36, 62, c.body), (64, 38, c.dark)):
        c.line(colour, 2, (top, 16), (bottom, 80))
        c.line(c.ink, 4.4, (top, 14), (top + (bottom - top) * 0.2, 27))
        c.oval(top + (bottom - top) * 0.92, 75, 9, 3, c.accent)


def stove(c: Canvas) -> None:
    """A camping stove."""
    c.box(34, 58, 66, 82, c.body, 8)
    c.box(34, 66, 66, 72, c.light)
    c.box(45, 48, 55, 60, c.ink, 1)
    c.box(38, 44, 62, 49, c.dark, 2)
    for x in (40, 50, 60):
        c.oval(x, 38, 6, 14, c.accent)
    c.line(c.ink, 1.8, (28, 30), (38, 46))
    c.line(c.ink, 1.8, (72, 30), (62, 46))
    c.box(26, 27, 74, 31, c.ink, 1)


SHAPES = {
    shape.__name__: shape
    for shape in (jumper, shirt, tee, beanie, shoe, boot, sandal, tent, backpack, bag, bottle, poles, stove)
}
