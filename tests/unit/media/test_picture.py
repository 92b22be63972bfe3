"""Which encoder makes pictures: the first of a list that really works."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from engine.errors import OutputError
from engine.media import picture
from engine.media.picture import CHOICES, PictureCoding, picture_coding, works

HERE = [coding for coding in CHOICES if works(coding)]


@pytest.fixture(autouse=True)
def asked_anew():
    picture_coding.cache_clear()
    yield
    picture_coding.cache_clear()


def test_what_is_under_the_gpl_is_used_where_it_works():
    assert picture_coding(".mp4").encoder == "libx264" and picture_coding(".mp4").note == ""


def test_an_encoder_that_cannot_be_opened_is_passed_over(monkeypatch):
    """As in a bundle, where libx264 is named and refuses."""
    refuses = replace(CHOICES[0], options={"preset": "there is none"})
    assert not works(refuses)
    monkeypatch.setattr(picture, "CHOICES", (refuses, *CHOICES[1:]))
    chosen = {suffix: picture_coding(suffix) for suffix in (".mp4", ".mov", ".mkv")}
    assert {suffix: coding.encoder for suffix, coding in chosen.items()} == {
        ".mp4": "libvpx-vp9",
        ".mov": "mpeg4",
        ".mkv": "libvpx-vp9",
    }
    assert all(coding.encoder in coding.note and coding.format in coding.note for coding in chosen.values())


def test_an_encoder_that_is_not_there_is_passed_over(monkeypatch):
    monkeypatch.setattr(picture, "CHOICES", (PictureCoding("libnothing", "Nothing"), HERE[-1]))
    assert picture_coding(".mkv").encoder == HERE[-1].encoder


def test_each_encoder_is_tried_once(monkeypatch):
    tried = []
    monkeypatch.setattr(picture, "works", lambda coding: tried.append(coding.encoder) or True)
    assert picture_coding(".mp4") is picture_coding(".mp4")
    assert tried == ["libx264"]


def test_where_nothing_works_it_is_said(monkeypatch):
    monkeypatch.setattr(picture, "CHOICES", (PictureCoding("libnothing", "Nothing"),))
    with pytest.raises(OutputError, match=r"“\.mp4”"):
        picture_coding(".mp4")


def test_every_file_of_a_close_up_can_be_made_by_an_encoder_that_ffmpeg_always_has():
    assert CHOICES[-1].encoder == "mpeg4" and CHOICES[-1].suffixes == {".mp4", ".mov", ".mkv"}
    assert CHOICES[-1] in HERE


@pytest.mark.parametrize("coding", HERE, ids=lambda coding: coding.encoder)
def test_the_settings_reach_the_encoder(coding):
    """No option is unknown to it, and a key picture comes every two seconds."""
    context = av.CodecContext.create(coding.encoder, "w")
    coding.prepare(context, (96, 64), Fraction(10))
    context.framerate = Fraction(10)
    packets = []
    for number in range(41):
        frame = av.VideoFrame.from_ndarray(np.full((96, 96), 90, np.uint8), format="yuv420p")
        frame.pts, frame.time_base = number * coding.clock_hz // 10, Fraction(1, coding.clock_hz)
        packets += context.encode(frame)
    packets += context.encode(None)
    keys = sorted(packet.pts / coding.clock_hz for packet in packets if packet.is_keyframe)
    assert keys == [0.0, 2.0, 4.0]
    assert context.options == {} or set(context.options) == set(coding.options)
