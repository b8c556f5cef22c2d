"""What can go wrong with a resumable upload, beside what can go wrong with any."""

from __future__ import annotations

from headway.errors import (
    AppError,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    UnsupportedMedia,
)


class UploadNotFound(NotFound):
    code = "upload.not_found"
    title = "There is no such upload"
    user_action = "Begin a new upload. Uploads are known only to whoever began them."


class UploadGone(NotFound):
    """It was cancelled or refused; its job tells which, and why."""

    status = 410
    code = "upload.gone"
    title = "The upload has ended without an import"
    user_action = "Begin a new upload if you still want the file. The job says why this one ended."


class UploadExpired(NotFound):
    code = "upload.expired"
    status = 410
    title = "The upload was not continued in time"
    user_action = "Upload the file again, from its beginning."


class UploadLost(NotFound):
    """The store no longer has the bytes that it had acknowledged; nothing is put together from what is left."""

    code = "upload.lost"
    status = 410
    title = "The bytes of the upload are not there any more"
    user_action = "Upload the file again, and tell whoever runs this service that bytes of an upload are missing."


class UploadFinished(Forbidden):
    """`job_id` is the import that it became."""

    code = "upload.finished"
    title = "The upload is finished and cannot be changed"
    user_action = "Follow its job. To stop the import, cancel the job."


class OffsetMismatch(Conflict):
    """`offset` is where the upload stands; the answer also says it as `Upload-Offset`."""

    code = "upload.offset_mismatch"
    title = "The upload stands at another offset"
    user_action = "Ask with HEAD where it stands, and continue from there."
    retryable = True


class UploadTakenOver(Conflict):
    """The later request wins: usually the earlier one belongs to a connection that is dead."""

    code = "upload.taken_over"
    title = "Another request continues this upload"
    user_action = "Leave it to the other request, or ask with HEAD where the upload stands and continue from there."
    retryable = True


class UploadLocked(Conflict):
    """Only where the other one is another server process that cannot be reached, or that is at its very end."""

    code = "upload.locked"
    status = 423
    title = "The upload is held by another request that does not let go"
    user_action = "Wait a moment, then continue."
    retryable = True


class ChecksumMismatch(BadRequest):
    """Nothing of the request was kept; the upload stands where it stood."""

    code = "upload.checksum_mismatch"
    status = 460
    title = "The bytes were damaged on their way"
    user_action = "Send the same bytes again."
    retryable = True


class ChecksumUnsupported(BadRequest):
    code = "upload.bad_checksum"
    title = "The Upload-Checksum header cannot be used"
    user_action = "Send `sha256` or `sha1`, a space, and the checksum of the body in Base64; or leave the header out."


class DigestMismatch(Invalid):
    """`expected_sha256` was announced, `sha256` is what arrived."""

    code = "upload.digest_mismatch"
    title = "The file is not the one that was announced"
    user_action = "Upload the file again. If it is still being written to, wait until that has ended."


class LengthInvalid(BadRequest):
    code = "upload.length_invalid"
    title = "The length of the upload is not said as it must be"
    user_action = (
        "Send either `Upload-Length` with a number of bytes, or `Upload-Defer-Length: 1`; the length cannot change."
    )


class LengthExceeded(TooLarge):
    """Nothing of the request beyond what was durable before is kept."""

    code = "upload.length_exceeded"
    title = "The upload is longer than was announced"
    user_action = "Begin a new upload with the right length."


class OffsetInvalid(BadRequest):
    code = "upload.bad_offset"
    title = "The request does not say at which offset its bytes begin"
    user_action = "Send `Upload-Offset` with a number of bytes."


class MetadataInvalid(BadRequest):
    code = "upload.bad_metadata"
    title = "The Upload-Metadata header cannot be read"
    user_action = "Send pairs of a key and its value in Base64, separated by commas: `filename ZGF0YS5jc3Y=`."


class VersionUnsupported(BadRequest):
    status = 412
    code = "upload.unsupported_version"
    title = "The request does not speak the version of tus that is spoken here"
    user_action = "Send `Tus-Resumable: 1.0.0`."


class NotBytes(UnsupportedMedia):
    code = "upload.wrong_content_type"
    title = "The bytes of an upload need their own content type"
    user_action = "Send `Content-Type: application/offset+octet-stream`."


class TooManyOpenUploads(TooMany):
    """Begun and not ended, in whatever state; `open` of `max_open`."""

    code = "upload.too_many_open"
    title = "Too many of your uploads have begun and not ended"
    user_action = "Continue or cancel some of them, then begin new ones."


class NotAllowedAnyMore(Forbidden):
    """Asked again at the end: an upload can take days."""

    code = "upload.not_allowed"
    title = "You may not import files any more"
    user_action = "Ask an administrator. Nothing of the upload was kept."


class MethodOverrideInvalid(AppError):
    code = "upload.bad_method"
    status = 405
    title = "This address takes POST only in the place of another method"
    user_action = "Send `X-HTTP-Method-Override: PATCH` or `DELETE`, or use the method itself."
