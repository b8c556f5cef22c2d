"""`python -m headway.cli`, for machines where the `headway` script is not on the PATH."""

from headway.cli import main

main(prog_name="headway")
