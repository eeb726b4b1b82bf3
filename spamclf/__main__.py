"""``python -m spamclf``: the command line."""

from spamclf.cli import run

if __name__ == "__main__":
    run()
