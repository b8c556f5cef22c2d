"""From bytes that arrive to a dataset: accept, detect, parse in a sandbox, publish."""
