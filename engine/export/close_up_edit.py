"""What is done to each picture of a close-up: the stretch that the camera films, light on the face, the name."""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.export.camera import View
from engine.media.frames import Frame

Image = NDArray[np.uint8]
Mask = NDArray[np.float32]

DIMMED = 0.62  # brightness far from the face
LIT_FACES, DARK_FACES = 0.95, 2.1  # full light up to here, dimmed from here on, in face sizes from its centre
GRAIN_PX = 4  # the light is that much coarser than the picture, being soft
BACKDROP_PX, BACKDROP_LIGHT = 24, 0.32
LETTER_SHARE = 0.04  # of the mean of width and height
NAME_WIDTH_SHARE, NAME_MARGIN_SHARE = 0.84, 0.04
# Where the name ends, from the top: upright videos carry a player's own texts further down.
NAME_BOTTOM, NAME_BOTTOM_UPRIGHT, NAME_LOWEST = 0.93, 0.80, 0.98
BELOW_FACE = 0.75  # face sizes from a face's centre to what is surely below its chin
PLATE = (16, 18, 22, 190)
# moviepy looks for the program ffmpeg when it is loaded, starts it, and fails where there is none; and it reads ".env"
# files. Nothing of that is needed for pictures.
_NO_PROGRAMS = {
    "FFMPEG_BINARY": "ffmpeg-imageio",
    "IMAGEIO_FFMPEG_EXE": "none",
    "FFPLAY_BINARY": "auto-detect",
    "PYTHON_DOTENV_DISABLED": "1",
}
# Found by their file names wherever the system keeps fonts; between them most scripts.
FONTS = (
    "DejaVuSans-Bold.ttf",
    "segoeuib.ttf",
    "arialbd.ttf",
    "Arial Bold.ttf",
    "NotoSans-Bold.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Bold.ttc",
    "msyhbd.ttc",
    "YuGothB.ttc",
    "malgunbd.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "AppleSDGothicNeo.ttc",
    "NotoSansArabic-Bold.ttf",
    "NotoSansHebrew-Bold.ttf",
    "NotoSansDevanagari-Bold.ttf",
    "NotoSansThai-Bold.ttf",
    "Nirmala.ttf",
)


class CloseUpEdit:
    """Makes the pictures of a close-up.

    Args:
        size_px: width and height of what is made.
        pixel_aspect: of the film, width of a displayed pixel over its height.
        name: to be written; "" for none.

    Attributes:
        notes: sentences about what could not be done.
    """

    def __init__(self, size_px: tuple[int, int], pixel_aspect: float, name: str) -> None:
        self._size_px = size_px
        self._pixel_aspect = pixel_aspect
        self._light_for: tuple[int, ...] = ()
        self._light = np.full((size_px[1], size_px[0], 3), 255, np.uint8)
        width, height = size_px
        # moviepy asks for the first picture when a clip is made.
        black = Frame(0.0, np.zeros((height, width, 3), np.uint8), 1.0)
        self._frame, self._view = black, View(0, 0, width * pixel_aspect, height, 0, 0, 1, 0)
        self.notes: list[str] = []
        label = self._label(" ".join(name.split())) if name.strip() else None
        self._clip = _moviepy().VideoClip(frame_function=self._filmed).transform(self._lit)
        if label is not None:
            self._clip = self._clip.transform(lambda get, time_s: self._named(get(time_s), *label))

    def picture(self, frame: Frame, view: View) -> Image:
        """One picture of the close-up, (h, w, 3) uint8."""
        self._frame, self._view = frame, view
        made: Image = self._clip.get_frame(frame.time_s)
        return made

    def _filmed(self, _time_s: float) -> Image:
        view, rgb = self._view, self._frame.rgb
        width, height = self._size_px
        scale_y = height / view.height
        scale_x = scale_y * self._pixel_aspect
        left, top = view.left / self._pixel_aspect, view.top
        while min(scale_x, scale_y) <= 0.5:  # halves are exact, and what is left is too little to flicker
            rgb = _image(cv2.resize(rgb, (rgb.shape[1] // 2, rgb.shape[0] // 2), interpolation=cv2.INTER_AREA))
            left, top, scale_x, scale_y = left / 2, top / 2, scale_x * 2, scale_y * 2
        # Where it is enlarged, pixels are moved at the film's own size first: that is a third of the work.
        wide, high = (round(width / scale_x), round(height / scale_y)) if scale_y > 1 else (width, height)
        scale_x, scale_y = scale_x * wide / width, scale_y * high / height
        # Pixels are squares whose middles are at halves: without that the picture would move when it is enlarged.
        matrix = np.array(
            [[scale_x, 0, (0.5 - left) * scale_x - 0.5], [0, scale_y, (0.5 - top) * scale_y - 0.5]], np.float64
        )
        beyond = view.left < -0.5 or view.top < -0.5
        moved = cv2.warpAffine(
            rgb,
            matrix,
            (wide, high),
            dst=self._backdrop(rgb, wide, high) if beyond else None,
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_TRANSPARENT if beyond else cv2.BORDER_REPLICATE,
        )
        same = (wide, high) == (width, height)
        return _image(moved if same else cv2.resize(moved, (width, height), interpolation=cv2.INTER_CUBIC))

    def _backdrop(self, rgb: Image, width: int, height: int) -> Image:
        """What lies round a picture that does not fill the frame: the picture itself, out of focus and dark."""
        small = cv2.resize(rgb, (BACKDROP_PX, BACKDROP_PX), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), 2.0)
        large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        return _image(cv2.convertScaleAbs(large, alpha=BACKDROP_LIGHT))

    def _lit(self, get: Any, time_s: float) -> Image:
        """Brighter on the face than round it."""
        picture: Image = get(time_s)
        view = self._view
        if view.closeness < 0.01:
            return picture
        width, height = self._size_px
        scale = height / view.height
        x, y, size = (view.face_x - view.left) * scale, (view.face_y - view.top) * scale, view.face_px * scale
        wanted = (round(x), round(y), round(size), round(view.closeness * 100))
        if wanted != self._light_for:
            self._light_for, self._light = wanted, _light(width, height, x, y, size, view.closeness)
        return _image(cv2.multiply(picture, self._light, scale=1 / 255))

    def _label(self, name: str) -> tuple[Mask, Mask] | None:
        """The name on its plate: colours (h, w, 3) and share of the picture that they cover (h, w, 1)."""
        font = font_for(name)
        if font is None:
            self.notes.append(f"No font on this computer has all letters of “{name}”: the name was left out.")
            return None
        width, height = self._size_px
        size = max(14, round(LETTER_SHARE * (width + height) / 2))
        while True:
            # Below the base line moviepy leaves too little room for some letters; the margin gives it.
            clip = _moviepy().TextClip(
                font=font,
                text=name,
                font_size=size,
                color="white",
                bg_color=PLATE,
                margin=(round(0.7 * size), round(0.45 * size)),
            )
            if clip.size[0] <= NAME_WIDTH_SHARE * width or size <= 12:
                break
            size = max(12, min(size - 1, int(size * NAME_WIDTH_SHARE * width / clip.size[0])))
        colours = np.asarray(clip.get_frame(0), np.float32)[:, : width - 2]
        cover = np.asarray(clip.mask.get_frame(0), np.float32)[:, : width - 2, None]
        return colours, cover

    def _named(self, picture: Image, colours: Mask, cover: Mask) -> Image:
        share = np.float32(self._view.closeness)
        if share < 0.01:  # nobody is to be taken for the person who is away
            return picture
        width, height = self._size_px
        high, wide, margin = colours.shape[0], colours.shape[1], round(NAME_MARGIN_SHARE * width)
        scale = height / self._view.height
        chin = (self._view.face_y - self._view.top + BELOW_FACE * self._view.face_px) * scale
        usual = height * (NAME_BOTTOM_UPRIGHT if height > width else NAME_BOTTOM)
        bottom = round(min(max(usual, chin + high), height * NAME_LOWEST))
        top = bottom - high
        face_x = (self._view.face_x - self._view.left) * width / self._view.width
        left = max(min(round(face_x - wide / 2), width - margin - wide), min(margin, width - wide))
        part = picture[top:bottom, left : left + wide]
        part[:] = part + (colours - part) * (cover * share)
        return picture


def font_for(text: str) -> str | None:
    """The file of a font that has all letters of a text; None where none is found."""
    from PIL import ImageFont, features

    turns = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    if turns and not features.check("raqm"):
        return None  # the letters would stand in the wrong order
    for name in FONTS:
        try:
            font = ImageFont.truetype(name, 32)
        except OSError:
            continue
        missing = bytes(font.getmask("\U0010fffd"))
        if all(letter.isspace() or bytes(font.getmask(letter)) != missing for letter in text):
            return str(font.path)
    return None


def _light(width: int, height: int, x: float, y: float, size: float, closeness: float) -> Image:
    """How bright each pixel is to be, (height, width, 3), 255 where it stays as it is."""
    columns = (np.arange(-(-width // GRAIN_PX)) + 0.5) * GRAIN_PX - x
    rows = (np.arange(-(-height // GRAIN_PX)) + 0.5) * GRAIN_PX - y
    away = np.hypot(columns[None, :], 0.85 * rows[:, None]) / max(size, 1.0)  # heads are higher than wide
    ramp = np.clip((away - LIT_FACES) / (DARK_FACES - LIT_FACES), 0.0, 1.0)
    dark = ramp * ramp * (3 - 2 * ramp) * (1 - DIMMED) * closeness
    coarse = (255 * (1 - dark)).astype(np.float32)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return _image(cv2.merge([np.asarray(fine, np.uint8)] * 3))


def _image(made: Any) -> Image:
    """What OpenCV made of a picture, as the picture that it is."""
    return np.asarray(made, np.uint8)


@cache
def _moviepy() -> Any:
    """moviepy, loaded with the first close-up; its sources still hold escapes that newer Pythons warn of."""
    with warnings.catch_warnings(), _environment(_NO_PROGRAMS):
        warnings.simplefilter("ignore", SyntaxWarning)
        import moviepy

    return moviepy


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
