"""The list of jobs inside a host's own FastAPI app: its users, its database, its tokens. Nothing else of Headway comes along.

`mount_jobs(app, actor=…, database_url=…)`; `jwt_actor` is an `actor` for hosts whose callers bring a JWT.
"""

from headway.kit.actor import Actor, Scope
from headway.mount.actors import jwt_actor
from headway.mount.jobs import MountedJobs, mount_jobs
from headway.mount.joining import SchemaMissing

__all__ = ["Actor", "MountedJobs", "SchemaMissing", "Scope", "jwt_actor", "mount_jobs"]
