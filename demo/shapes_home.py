"""Pictures of things for the kitchen and of lamps, each drawn on a Canvas."""

from demo.canvas import Canvas


def pot(c: Canvas) -> None:
    """A pot."""
    c.box(14, 50, 86, 57, c.dark, 3)
    c.box(20, 44, 80, 80, c.body, 9)
    c.box(20, 44, 80, 54, c.dark, 2)
    c.pie(50, 46, 64, 30, 180, 360, c.body)
    c.box(18, 43, 82, 48, c.light, 2)
    c.disc(50, 29, 7, c.ink)
    c.box(26, 58, 30, 72, c.light, 2)


def knife(c: Canvas) -> None:
    """A knife."""
    c.shape(c.accent, (38, 60), (40, 50), (88, 16), (84, 32), (50, 64))
    c.shape(c.paper, (41, 52), (88, 16), (80, 27), (44, 58))
    c.shape(c.ink, (36, 66), (32, 58), (40, 52), (46, 62))
    c.line(c.body, 8, (36, 61), (17, 76))
    for x, y in ((31, 65), (23, 71)):
        c.disc(x, y, 2, c.paper)


def mug(c: Canvas) -> None:
    """A mug with steam."""
    c.arc(70, 54, 26, 270, 90, c.dark, 5)
    c.box(28, 32, 70, 80, c.body, 7)
    c.box(28, 64, 70, 80, c.dark, 7)
    c.box(28, 62, 70, 68, c.dark)
    c.oval(49, 33, 42, 9, c.light)
    c.oval(49, 34, 36, 6, c.ink)
    for x in (42, 54):
        c.line(c.paper, 1.4, (x, 26), (x + 2, 21), (x - 1, 16), (x + 1, 11))


def pan(c: Canvas) -> None:
    """A pan."""
    c.line(c.dark, 6, (60, 46), (90, 22))
    c.oval(42, 60, 60, 36, c.ink)
    c.oval(42, 57, 60, 36, c.body)
    c.oval(42, 57, 50, 28, c.dark)
    c.pie(42, 57, 46, 24, 190, 250, c.body)


def board(c: Canvas) -> None:
    """A cutting board."""
    c.box(20, 30, 80, 80, c.dark, 5)
    c.box(20, 27, 80, 77, c.body, 5)
    for column in range(5):
        c.box(24 + column * 11, 31, 32 + column * 11, 73, c.light if column % 2 else c.body, 1)
    c.disc(73, 35, 6, c.accent)


def kettle(c: Canvas) -> None:
    """A kettle."""
    c.line(c.dark, 4, (30, 66), (18, 58), (20, 40), (12, 34))
    c.shape(c.body, (34, 36), (62, 36), (70, 80), (26, 80))
    c.shape(c.light, (37, 38), (42, 38), (37, 76), (31, 76))
    c.oval(48, 36, 28, 8, c.dark)
    c.disc(48, 30, 6, c.ink)
    c.arc(66, 54, 34, 270, 90, c.ink, 5)


def jar(c: Canvas) -> None:
    """Three jars."""
    for x, top, colour in ((30, 44, c.accent), (70, 36, c.body), (50, 28, c.light)):
        c.box(x - 13, top + 5, x + 13, 80, c.paper, 4)
        c.box(x - 11, top + 16, x + 11, 78, colour, 3)
        c.box(x - 12, top, x + 12, top + 7, c.ink if x == 50 else c.dark, 2)


def lamp(c: Canvas) -> None:
    """A table lamp."""
    c.shape(c.light, (38, 18), (62, 18), (76, 48), (24, 48))
    c.shape(c.paper, (42, 20), (48, 20), (42, 46), (30, 46))
    c.line(c.ink, 3, (50, 48), (50, 60))
    c.oval(50, 67, 24, 26, c.body)
    c.box(36, 77, 64, 81, c.dark, 2)


def floorlamp(c: Canvas) -> None:
    """A floor lamp."""
    c.line(c.ink, 2, (50, 30), (50, 80))
    c.box(36, 79, 64, 82, c.dark, 1)
    c.shape(c.body, (42, 8), (58, 8), (68, 32), (32, 32))
    c.shape(c.light, (44, 10), (48, 10), (44, 30), (36, 30))


def pendant(c: Canvas) -> None:
    """A pendant lamp."""
    c.line(c.ink, 1, (50, 0), (50, 34))
    c.pie(50, 62, 56, 56, 180, 360, c.body)
    c.pie(50, 62, 40, 46, 200, 250, c.light)
    c.oval(50, 62, 56, 7, c.dark)
    c.disc(50, 65, 9, c.paper)
    c.box(46, 31, 54, 37, c.ink, 1)


def desklamp(c: Canvas) -> None:
    """A desk lamp."""
    c.box(26, 76, 58, 81, c.dark, 2)
    c.line(c.body, 3.4, (42, 77), (30, 50), (58, 28))
    c.disc(30, 50, 6, c.ink)
    c.shape(c.body, (52, 22), (60, 18), (80, 36), (62, 48))
    c.shape(c.paper, (80, 36), (62, 48), (64, 50), (82, 38))


def lantern(c: Canvas) -> None:
    """A lantern."""
    c.arc(50, 28, 28, 180, 360, c.ink, 2)
    c.box(34, 28, 66, 36, c.dark, 3)
    c.box(36, 36, 64, 70, c.paper, 2)
    c.oval(50, 54, 14, 22, c.light)
    c.oval(50, 57, 6, 11, c.body)
    c.box(32, 70, 68, 80, c.dark, 3)


def garland(c: Canvas) -> None:
    """A garland of bulbs."""
    points = [(6 + step * 8, 30 + 26 * (1 - ((step - 5.5) / 5.5) ** 2)) for step in range(12)]
    c.line(c.ink, 0.8, *points)
    for number, (x, y) in enumerate(points):
        c.oval(x, y + 5, 6, 9, (c.light, c.paper, c.body)[number % 3])
        c.box(x - 1.5, y - 1, x + 1.5, y + 2, c.ink)


SHAPES = {
    shape.__name__: shape
    for shape in (pot, knife, mug, pan, board, kettle, jar, lamp, floorlamp, pendant, desklamp, lantern, garland)
}
