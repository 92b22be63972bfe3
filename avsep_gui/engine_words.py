"""What the engine says, in the window's language: the engine itself speaks English, for scripts and logs.

`SENTENCES` are the stages of its work and the errors and warnings that a user of the window is likely to meet, as the
sources have them, with {0}, {1} where values stand (a test compares). What is not in the table stays in English.
"""

from __future__ import annotations

import re
from functools import lru_cache

from PySide6.QtCore import QCoreApplication

from engine.errors import EngineError

SENTENCES = (
    "Finding people",
    "Reading the sound",
    "Isolating",
    "Matching lips and sound",
    "Cutting out mouths",
    "Looking at the files",
    "Writing the sound",
    "Writing the video",
    "Filming the close-up",
    "Checking the result",
    "Trying {0}",
    "Downloading {0}",
    "Checking {0}",
    "Copying {0}",
    "“{0}” cannot be read ({1}).",
    "Copy the file to another folder and try again.",
    "“{0}” could not be written ({1}).",
    "Choose another folder and try again.",
    "“{0}” was changed while it was worked on.",
    "Wait until the program that writes it is done, then try again.",
    "“{0}” is empty (0 bytes).",
    "Copy or download the file again.",
    "“{0}” was not found in “{1}”.",
    "Check the name, or choose the file at its new place.",
    "“{0}” was not found: the folder “{1}” is not there.",
    "Connect the drive or the network folder again, or choose the file at its new place.",
    "“{0}” cannot be read: permission is missing.",
    "Give yourself permission to read the file, or copy it to a folder of your own.",
    "“{0}” cannot be read: its drive does not answer.",
    "Connect the drive again, or copy the file to this computer.",
    "“{0}…” is not a possible file name.",
    "Check the name of the file.",
    "“{0}” could not be written: there is no space left in “{1}”.",
    "Free some space or choose another folder.",
    "“{0}” could not be written: “{1}” is read-only.",
    "Choose another folder.",
    "“{0}” could not be written: permission is missing for “{1}”.",
    "Choose a folder of your own, or give yourself permission to write there.",
    "“{0}” could not be written: the folder “{1}” is not there.",
    "Create the folder, connect its drive again, or choose another one.",
    "“{0}” is a folder.",
    "Choose another file name.",
    "“{0}…” is too long for a file name.",
    "Choose a shorter name.",
    "“{0}” is a folder, not a file.",
    "Choose a video or sound file in it.",
    "“{0}” is not an ordinary file.",
    "Choose a video or sound file.",
    "“{0}” is not a video or sound file, or it is damaged beyond reading.",
    "Check that it plays elsewhere, or copy or download it again.",
    "“{0}” holds neither picture nor sound.",
    "“{0}” is damaged: nothing in it can be decoded.",
    "The picture of “{0}” is damaged: nothing of it can be decoded.",
    "Copy or download the file again, or repair it with the program that made it.",
    "“{0}” has no picture.",
    "Choose a video file.",
    "“{0}” has no sound.",
    "Choose a file with sound.",
    "Choose a file with a sound track.",
    "The sound needs {0} GB of working space; {1} GB are free in “{2}”.",
    "The sound of “{0}” could not be kept for work: {1}",
    "The sound of “{0}” is damaged: nothing of it can be decoded.",
    "Copy or download the file again, or choose another sound track.",
    "The decoded sound “{0}” is missing or incomplete.",
    "Open the video again.",
    "No face was found in “{0}”.",
    "Choose a video in which the person who speaks can be seen from the front.",
    "Person {0} is not known in this video.",
    "Find the people in the video again, then choose one of them.",
    "{0} ran out of memory.",
    "Close other programs that use the graphics card, or run on the CPU with the device set to cpu.",
    "The work on {0} failed: {1}.",
    "Close other programs, or choose another device.",
    "This machine ran out of memory.",
    "Close other programs and try again.",
    "The result needs about {0}, but “{1}” has {2} free.",
    "“{0}” exists already.",
    "Choose another name, or ask to overwrite it.",
    "Choose another name.",
    "“{0}” is the video itself.",
    "Choose another name for the result.",
    "“{0}” was written but cannot be read back.",
    "Check the disk.",
    "{0} is not seen between {1} and {2} s: there is no face to follow.",
    "The model {0} is not installed.",
    "The model {0} is not installed, or its files are damaged.",
    "Install the model again.",
    "The weights file {0} is missing.",
    "“{0}” needs {1}, but “{2}” has {3} free.",
    "Free some space and try again; what was fetched is kept.",
    "“{0}”, the description of “{1}”, is not beside it.",
    "The face models are missing from this installation.",
    "The photo “{0}” is too large.",
    "No face was found on the photo “{0}”.",
    "Choose a photo on which the face is large, sharp and seen from the front.",
    "The photo “{0}” shows {1} faces about as large.",
    "Cut the photo so that one face is left, or choose another.",
    "“{0}” is not a picture that can be read.",
    "There was not enough memory for this.",
    "Close other programs, or work on a shorter part.",
    "Something unexpected happened: {0}: {1}",
    "Try again; if it happens again, copy the details into a report.",
    "Person {0} was not heard: their voice is all but silent.",
    "Persons {0} and {1}",
    "{0} have the same voice in {1} s, first at {2}:{3}; the model could not tell them apart there.",
    "Person {0}: lips and voice hardly agree; listen before you trust this voice.",
    "The voice of {0} was changed by {1} dB, from {2} to {3} LUFS.",
    "{0} Going on with half as much at a time.",
    "{0} Going on with one stretch at a time.",
    "{0} Going on with the CPU, which is slower.",
    "This AVSep cannot encode H.264: the picture of the close-up is VP9 (libvpx-vp9), which browsers, Android and "
    "VLC show. For Apple’s programs and most editors choose .mov.",
    "This AVSep cannot encode H.264: the picture of the close-up is MPEG-4 Part 2 (mpeg4), which players and most "
    "editors show. For browsers choose .mp4.",
)
_PLACE = re.compile(r"\{\d\}")


def in_words(text: str) -> str:
    """A sentence or a stage of the engine in the window's language."""
    source, values = _parts(text)
    words = QCoreApplication.translate("Engine", source) if source else ""
    return words.format(*map(in_words, values)) if values else words


def error_in_words(error: EngineError) -> EngineError:
    """The same error, of the same class, in the window's language; its details stay as they are."""
    return type(error)(in_words(error.message), in_words(error.remedy), details=error.details)


@lru_cache(maxsize=512)
def _parts(text: str) -> tuple[str, tuple[str, ...]]:
    """The sentence of the table that a text is, with what stands in its places; the text itself where it is none.

    Those with most words come first: they say most exactly what a text is. A pattern is made of those alone whose words
    are all there: to make all at once kept the window waiting for 20 ms.
    """
    for source, words in _longest_first():
        if all(part in text for part in words):
            match = re.fullmatch("(.+?)".join(map(re.escape, words)), text, re.DOTALL)
            if match is not None:
                return source, match.groups()
    return text, ()


@lru_cache(maxsize=1)
def _longest_first() -> list[tuple[str, list[str]]]:
    """The sentences, each with its words between the places."""
    return [(source, _PLACE.split(source)) for source in sorted(SENTENCES, key=len, reverse=True)]
