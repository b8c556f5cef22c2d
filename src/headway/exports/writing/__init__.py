"""The writers: each takes batches of a dataset and makes a file of them. They run in a limited child process."""
