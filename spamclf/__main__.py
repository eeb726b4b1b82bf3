"""``python -m spamclf``: the command line."""

from spamclf.cli import main

if __name__ == "__main__":
    main(prog_name="spamclf")
