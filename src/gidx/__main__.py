"""``python -m gidx``: the command line."""

from gidx.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
