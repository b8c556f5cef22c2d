"""Uploads that can be interrupted and gone on with: tus 1.0 in front, bytes that are durable behind."""
