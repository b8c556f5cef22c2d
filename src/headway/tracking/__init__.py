"""Jobs that other engines run, in the same table and with the same honesty. One module for each engine."""
