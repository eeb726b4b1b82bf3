"""Find features and splits that know what they must not: the future, the label, the id, the other part."""

from spamclf.evaluate.leakage.audit import audit_leakage
from spamclf.evaluate.leakage.report import Finding, LeakageReport

__all__ = ["Finding", "LeakageReport", "audit_leakage"]
