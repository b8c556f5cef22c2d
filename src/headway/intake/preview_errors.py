"""Why a file cannot be looked at before it is imported."""

from __future__ import annotations

from headway.errors import Invalid, TooMany


class PreviewNeedsWhole(Invalid):
    code = "preview.needs_whole_file"
    title = "The beginning of the file is not enough for a preview"
    user_action = "Import the file; what was understood is shown with the dataset, and can be changed there."


class PreviewBusy(TooMany):
    code = "preview.busy"
    title = "Too many files are being looked at"
    user_action = "Wait a moment and ask again."
