"""`python -m newsbot`."""

from newsbot.cli import main

main()
