"""``python -m ldpaudit`` is the command line."""

from ldpaudit.cli import main

if __name__ == "__main__":
    main()
