"""Bytes at rest: originals and rows, in a local folder or in an S3-compatible store."""
