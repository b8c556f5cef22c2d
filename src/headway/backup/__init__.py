"""Everything that Headway keeps, in one file that either database and either store can be filled from."""
