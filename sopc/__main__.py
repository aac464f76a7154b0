"""`python -m sopc`: the command `sopc`."""

from sopc.cli import main

main()
