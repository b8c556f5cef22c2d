"""The checking itself: rules as SQL over the rows file. It runs in a limited child process."""
