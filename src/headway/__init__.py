"""Headway turns an uploaded file into a dataset, as a background job that its owner can watch, trust and steer."""
