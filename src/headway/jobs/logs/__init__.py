"""What jobs did, in lines for people: the last ones of each attempt, from the worker or from the program that ran it."""
