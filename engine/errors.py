"""Errors a user can act on: what failed, with the value, and what to do about it."""

from __future__ import annotations

import errno
import traceback


class EngineError(Exception):
    """The job failed for a reason that is known.

    Args:
        message: one sentence that says what failed, with the value.
        remedy: one sentence that says what the user can do.
        details: text of the library below, for a bug report.
    """

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, remedy: str = "", *, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.remedy, self.details)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


def _rebuild(kind: type[EngineError], message: str, remedy: str, details: str) -> EngineError:
    return kind(message, remedy, details=details)


class UsageError(EngineError):
    """The request itself is wrong: an option, a person id, a range."""

    code = "usage"
    exit_code = 2


class InputError(EngineError):
    """The input file cannot be read or holds nothing to work with."""

    code = "input_unreadable"
    exit_code = 3


class InputChangedError(InputError):
    """The input file was changed by somebody else while it was worked on."""

    code = "input_changed"


class NoSoundError(InputError):
    """The file has no audio stream."""

    code = "no_sound"


class NoPictureError(InputError):
    """The file has no video stream."""

    code = "no_picture"


class NoFaceError(InputError):
    """No face was found in the picture."""

    code = "no_face"


class OutputError(EngineError):
    """The result cannot be written: it exists, the disk is full, permission is missing."""

    code = "output"


class OutputExistsError(OutputError):
    """The output is there already and overwriting was not asked for."""

    code = "output_exists"


class ModelError(EngineError):
    """A model is unknown, damaged or does not fit."""

    code = "model"


class DeviceError(EngineError):
    """The asked-for device is missing or ran out of memory."""

    code = "device"


class MemoryShortError(EngineError):
    """There was not enough memory, or more was asked for than a job is let have."""

    code = "memory"


class UnexpectedError(EngineError):
    """A fault of AVSep itself, or of a library below it."""

    code = "unexpected"


class JobCancelled(Exception):  # noqa: N818 - the outcome of a wish, not an error
    """The user asked the job to stop."""

    code = "cancelled"
    exit_code = 130


def known_error(error: BaseException) -> EngineError:
    """Any failure as one that a user can act on: itself, or a sentence for it with the traceback in its details."""
    if isinstance(error, EngineError):
        return error
    details = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return MemoryShortError(
            "There was not enough memory for this.", "Close other programs, or work on a shorter part.", details=details
        )
    return UnexpectedError(
        f"Something unexpected happened: {type(error).__name__}: {error}",
        "Try again; if it happens again, copy the details into a report.",
        details=details,
    )
