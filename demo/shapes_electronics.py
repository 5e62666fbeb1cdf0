"""Pictures of things with a plug or a battery, each drawn on a Canvas."""

from demo.canvas import Canvas


def headphones(c: Canvas) -> None:
    """Headphones."""
    c.arc(50, 52, 50, 180, 360, c.dark, 6)
    c.arc(50, 52, 44, 190, 350, c.light, 2)
    for x, side in ((26, -1), (74, 1)):
        c.box(x - 7, 50, x + 7, 76, c.body, 6)
        c.box(x - side * 4 - 4, 52, x - side * 4 + 4, 74, c.ink, 4)
        c.oval(x + side * 3, 63, 5, 15, c.light)


def earbuds(c: Canvas) -> None:
    """Two earbuds."""
    c.box(27, 56, 73, 80, c.dark, 11)
    c.box(27, 56, 73, 66, c.body, 5)
    c.disc(50, 71, 2.5, c.paper)
    for x, side in ((37, -1), (63, 1)):
        c.box(x - 3, 32, x + 3, 54, c.light, 3)
        c.disc(x, 32, 15, c.body)
        c.oval(x + side * 5, 32, 5, 9, c.ink)


def speaker(c: Canvas) -> None:
    """A speaker with two cones."""
    c.box(30, 18, 70, 82, c.body, 3)
    c.box(33, 21, 67, 79, c.dark, 2)
    for y, size in ((35, 15), (60, 27)):
        c.disc(50, y, size, c.ink)
        c.disc(50, y, size * 0.78, c.body)
        c.disc(50, y, size * 0.3, c.light)


def portable(c: Canvas) -> None:
    """A portable speaker."""
    c.box(33, 22, 67, 82, c.body, 15)
    c.box(33, 32, 67, 72, c.dark, 4)
    for row in range(8):
        for column in range(6):
            c.disc(37.5 + column * 5, 35.5 + row * 4.8, 1.8, c.body)
    c.oval(50, 27, 18, 5, c.light)
    c.line(c.accent, 2, (66, 30), (74, 40), (72, 52))


def soundbar(c: Canvas) -> None:
    """A soundbar."""
    c.box(14, 52, 86, 72, c.body, 5)
    c.box(18, 55, 82, 69, c.dark, 3)
    for column in range(16):
        c.line(c.body, 0.7, (20 + column * 4, 56), (20 + column * 4, 68))
    c.disc(50, 62, 9, c.ink)
    c.disc(50, 62, 5, c.light)


def turntable(c: Canvas) -> None:
    """A turntable with a record."""
    c.box(16, 34, 84, 78, c.body, 3)
    c.box(16, 72, 84, 80, c.dark, 3)
    for size, colour in ((36, c.ink), (29, c.dark), (27, c.ink), (20, c.dark), (18, c.ink), (11, c.light), (2, c.ink)):
        c.oval(42, 53, size, size, colour)
    c.line(c.paper, 1.6, (74, 40), (72, 58), (60, 64))
    c.disc(74, 40, 7, c.light)


def keyboard(c: Canvas) -> None:
    """A keyboard."""
    c.box(12, 42, 88, 76, c.dark, 4)
    c.box(12, 40, 88, 73, c.body, 4)
    for row in range(4):
        for column in range(12):
            c.box(15 + column * 5.9, 43 + row * 7, 20 + column * 5.9, 48.6 + row * 7, c.light, 1)
    c.box(32.5, 64, 62, 69.6, c.paper, 1)
    c.box(15, 43, 20, 48.6, c.accent, 1)


def mouse(c: Canvas) -> None:
    """A computer mouse."""
    c.oval(50, 54, 36, 56, c.dark)
    c.oval(50, 52, 34, 53, c.body)
    c.line(c.dark, 0.8, (50, 26), (50, 50))
    c.line(c.dark, 0.8, (34, 50), (66, 50))
    c.box(48, 32, 52, 44, c.light, 2)


def monitor(c: Canvas) -> None:
    """A monitor on its foot."""
    c.box(46, 62, 54, 78, c.dark)
    c.box(36, 76, 64, 80, c.body, 2)
    c.box(14, 20, 86, 66, c.ink, 2)
    c.box(16, 22, 84, 63, c.accent, 1)
    c.shape(c.light, (16, 63), (38, 40), (52, 54), (64, 44), (84, 63))
    c.disc(68, 32, 9, c.paper)


def box(c: Canvas) -> None:
    """A box with four ports and a cable."""
    c.shape(c.light, (24, 46), (40, 36), (78, 42), (62, 54))
    c.shape(c.body, (24, 46), (62, 54), (62, 76), (24, 68))
    c.shape(c.dark, (62, 54), (78, 42), (78, 64), (62, 76))
    for column in range(4):
        c.shape(c.ink, *((29 + column * 8 + x, 55 + column * 1.7 + y) for x, y in ((0, 0), (5, 1), (5, 5), (0, 4))))
    c.line(c.ink, 2, (78, 54), (88, 58), (90, 78))


def stand(c: Canvas) -> None:
    """A laptop on a stand."""
    c.shape(c.dark, (24, 78), (72, 78), (76, 74), (28, 74))
    c.line(c.body, 4, (30, 75), (60, 46), (72, 75))
    c.shape(c.ink, (20, 58), (74, 36), (75, 39), (21, 61))
    c.shape(c.light, (74, 36), (70, 12), (67, 12), (72, 37))


def camera(c: Canvas) -> None:
    """A webcam on its foot."""
    c.box(26, 30, 74, 60, c.dark, 13)
    c.disc(50, 45, 24, c.ink)
    c.disc(50, 45, 17, c.accent)
    c.disc(50, 45, 10, c.ink)
    c.disc(46, 41, 4, c.paper)
    c.disc(68, 45, 2, c.light)
    c.box(44, 60, 56, 70, c.body)
    c.box(36, 70, 64, 79, c.dark, 3)


def sleeve(c: Canvas) -> None:
    """A sleeve for a laptop."""
    c.box(18, 30, 82, 80, c.body, 4)
    c.box(18, 30, 82, 48, c.light, 4)
    c.line(c.dark, 1, (21, 48), (79, 48))
    c.box(60, 56, 74, 70, c.dark, 2)
    c.line(c.accent, 2.4, (70, 48), (74, 54))


def torch(c: Canvas) -> None:
    """A torch."""
    c.oval(50, 48, 72, 40, c.body)
    c.oval(50, 42, 66, 26, c.dark)
    c.line(c.light, 1, (20, 56), (36, 64))
    c.line(c.light, 1, (64, 64), (80, 56))
    c.box(37, 50, 63, 76, c.ink, 5)
    c.disc(50, 63, 18, c.light)
    c.disc(50, 63, 11, c.paper)


SHAPES = {
    shape.__name__: shape
    for shape in (
        headphones, earbuds, speaker, portable, soundbar, turntable, keyboard, mouse, monitor, box, stand, camera,
        sleeve, torch,
    )
}  # fmt: skip
