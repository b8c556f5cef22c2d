"""What can go wrong with the object store."""

from __future__ import annotations

from headway.errors import InsufficientStorage, NotFound, Unavailable


class StoreUnavailable(Unavailable):
    code = "store.unavailable"
    title = "The object store does not answer"
    user_action = "Try again in a minute. Nothing that was accepted is lost."


class StoreFull(InsufficientStorage):
    code = "store.no_room"
    title = "The object store has no room left"
    user_action = "Delete what you no longer need, or ask whoever runs this service for more room."
    # An accepted upload waits for room; it must not fail because a disk was full for a minute.
    retryable = True


class ObjectMissing(NotFound):
    code = "store.object_missing"
    title = "The stored file is not there any more"
    user_action = "Upload the file again, and tell whoever runs this service that an object is missing."
