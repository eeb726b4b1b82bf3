"""Write a report: one page for people who decide about flagged accounts, which needs no network."""

from spamclf.report.writing import write

__all__ = ["write"]
