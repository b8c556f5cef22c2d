"""Show the work of any Python program as a tracked job. Knows the HTTP API and nothing else of Headway.

`with job("Nightly copy") as j:` or `for row in track(rows, title="Nightly copy"):`, with `async` before them as well.
The work never waits for a report and never fails for one: while the server is away it goes on, and what is to be told
is told when the server is back.
"""

from headway.client.errors import HeadwayError, JobCancelled, NotAttached
from headway.client.jobs import Artifact, Job, job
from headway.client.tracking import track

__all__ = ["Artifact", "HeadwayError", "Job", "JobCancelled", "NotAttached", "job", "track"]
