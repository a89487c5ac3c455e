"""``python -m ldpaudit`` is the command line."""

from ldpaudit.cli.commands import main

if __name__ == "__main__":
    main()
