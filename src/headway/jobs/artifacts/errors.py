"""What can go wrong with the files of a job, in words for its owner and for the program that runs it."""

from __future__ import annotations

from headway.errors import BadRequest, Invalid, NotFound, TooLarge


class ArtifactNotFound(NotFound):
    code = "artifact.not_found"
    title = "The job has no file of this name"
    user_action = "Look in the list of the job's files. A name is written there as it must be asked for."


class ArtifactExpired(NotFound):
    """It was there; `expired_at` is when it went."""

    status = 410
    code = "artifact.expired"
    title = "The file was kept for a while and is gone now"
    user_action = "Run the job again to get it anew."


class ArtifactTooLarge(TooLarge):
    code = "artifact.too_large"
    title = "The file is larger than a job may keep"
    user_action = "Compress it, or split it into several files."


class TooManyArtifacts(Invalid):
    code = "artifact.too_many"
    title = "The job has as many files as it may have"
    user_action = "Put several files into one archive, or write over one that is there by its name."


class ArtifactNameInvalid(Invalid):
    code = "artifact.name_invalid"
    title = "The name cannot be one of a file"
    user_action = (
        "Use a plain file name such as report.csv: letters, digits, blanks, dots and dashes, at most 120 characters."
    )


class MediaTypeInvalid(Invalid):
    code = "artifact.media_type_invalid"
    title = "The content type cannot be read"
    user_action = "Send a content type such as text/csv or application/json, or none at all."


class ArtifactInterrupted(BadRequest):
    code = "artifact.interrupted"
    title = "The file did not arrive whole"
    user_action = "Send it again. What had arrived was not kept."
    retryable = True
