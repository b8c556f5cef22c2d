"""From steps to SQL: what each step does to the columns, and what has to be known of the rows before it may."""
