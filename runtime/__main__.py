"""`python -m runtime`: the command `sopvm`."""

from runtime.cli import main

main()
