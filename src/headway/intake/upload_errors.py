"""What can go wrong while bytes arrive, before there is anything to parse."""

from __future__ import annotations

from headway.errors import Conflict, InsufficientStorage, Invalid, TooLarge, TooMany


class UploadTooLarge(TooLarge):
    code = "upload.too_large"
    title = "The file is larger than this service accepts"
    user_action = "Split the file, or compress it with gzip, and upload it again."


class TooManyUploads(TooMany):
    """At one server at the same time; what has arrived does not count any more."""

    code = "upload.too_many_at_once"
    title = "Too many files are being uploaded at the same time"
    user_action = "Wait until some of them have arrived, then send the next ones."


class UploadInterrupted(Conflict):
    code = "upload.interrupted"
    title = "The upload was interrupted"
    user_action = "Nothing was imported. Upload the file again."
    retryable = False


class UploadCancelled(Conflict):
    code = "upload.cancelled"
    title = "The upload was cancelled"
    user_action = "Upload the file again if you still want it."


class UploadMissingFile(Invalid):
    code = "upload.no_file"
    title = "The request carries no file"
    user_action = "Send the file as multipart/form-data in a field named file, or as the raw body with ?filename=."


class UploadMalformed(Invalid):
    code = "upload.malformed"
    title = "The form data could not be read"
    user_action = "Check the program that sends it; `curl -F file=@name` does it right."


class ImportOptionsInvalid(Invalid):
    code = "import.bad_options"
    title = "The import options are not valid"
    user_action = "Send the options as a JSON object with the members that the documentation names."


class QuotaExceeded(InsufficientStorage):
    code = "upload.quota_exceeded"
    title = "Your room for files is used up"
    user_action = "Delete datasets that you no longer need, or ask whoever runs this service for more room."


class IdempotencyKeyInUse(Conflict):
    code = "upload.key_in_flight"
    title = "A request with this Idempotency-Key is still arriving"
    user_action = "Wait until the first request has ended, then repeat it."
    retryable = True


class IdempotencyKeyReused(Invalid):
    code = "upload.key_reused"
    title = "This Idempotency-Key was used for another file"
    user_action = "Use a new key for every new upload, and the same one only to repeat it."


class IdempotencyKeyInvalid(Invalid):
    code = "upload.bad_key"
    title = "The Idempotency-Key is not usable"
    user_action = "Send between 1 and 200 visible characters."
