"""Whose voice: from a rule to people of a file."""

from __future__ import annotations

from engine import api
from engine.batch.item import PersonRule
from engine.errors import NoFaceError
from engine.isolation.job import check_people
from engine.jobs import CancelToken, ProgressCallback
from engine.types import SAME_FACE, FaceAnalysis
from engine.vision.reference import face_of_photo, face_of_thumbnail, match_vector


def people_for(
    rule: PersonRule, analysis: FaceAnalysis, *, on_progress: ProgressCallback, cancel: CancelToken
) -> tuple[int, ...]:
    """The ids of the people that a rule means in a file.

    Raises:
        NoFaceError: the file shows nobody, or nobody who looks like the one that is meant.
        UsageError: there is no person with the id.
        InputError: the photo, or the file of the rule "same", cannot be used.
    """
    check_people(analysis, (rule.person,) if rule.kind == "person" and rule.person is not None else ())
    if rule.kind == "everyone":
        return tuple(person.id for person in analysis.people)
    if rule.kind == "person" and rule.person is not None:
        return (rule.person,)
    if rule.kind == "photo" and rule.photo is not None:
        face, wanted = face_of_photo(rule.photo), f"the person on “{rule.photo.name}”"
    elif rule.kind == "same" and rule.video is not None and rule.person is not None:
        other = api.find_faces(rule.video, on_progress=on_progress, cancel=cancel)
        if other.key == analysis.key:
            check_people(analysis, (rule.person,))
            return (rule.person,)
        check_people(other, (rule.person,))
        person = next(person for person in other.people if person.id == rule.person)
        face, wanted = face_of_thumbnail(person.thumbnail_rgb), f"person {rule.person} of “{rule.video.name}”"
    else:
        return (analysis.people[0].id,)
    nearest, distance = match_vector(analysis, face)[0]
    if distance > SAME_FACE:
        raise NoFaceError(
            f"Nobody in “{analysis.media.path.name}” looks like {wanted}.",
            f"The nearest is person {nearest}: choose by number if that is the one, or use another photo.",
            details=f"distance {distance:.2f}, the limit is {SAME_FACE}",
        )
    return (nearest,)
