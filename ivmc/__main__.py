"""`python -m ivmc`."""

from ivmc.cli import main

main(prog_name="ivmc")
