"""What a dossier says of a case, as what JSON can hold."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import Any

from spamclf.dossier.case import Case
from spamclf.dossier.remarks import remarks_of
from spamclf.dossier.tables import files_of
from spamclf.dossier.ties import Shared
from spamclf.instants import iso, to_instant

__all__ = ["FORMAT", "contents_of"]

#: Raised when a member of the data changes its meaning, its name or its place.
FORMAT = 1
_REGISTERED = ("registered_at", "is_business", "country", "network_country", "network", "device")


def contents_of(case: Case) -> dict[str, Any]:
    """Return all of it; see `Dossier.to_dict`."""
    accounts, evidence = _accounts(case), case.rows.told("evidence")
    return {
        "format": FORMAT,
        "about": _about(case),
        "summary": _summary(case, accounts, evidence),
        "remarks": remarks_of(case),
        "accounts": accounts,
        "shared": [_shared(case, each) for each in case.shared],
        "evidence": evidence,
        "days": case.activity.by_day(case.policy),
        "after_policy": _after_policy(case, accounts),
        "photos": case.rows.photos,
        "texts": case.rows.texts(),
        "inputs": {"files": files_of(case.dataset), "rows": case.rows.hashes()},
    }


def _about(case: Case) -> dict[str, Any]:
    model = case.scoring.model
    return {
        "operation": case.operation,
        "as_of": iso(case.until),
        "library": {"name": "spamclf", "version": sys.modules["spamclf"].__version__},
        "model": {"name": model.name, "digest": model.digest},
        "arguments": {
            "operator": case.operator,
            "campaign": None if case.asked is None else case.operation,
            "policy_date": None if case.policy is None else iso(case.policy),
            "as_of": iso(case.until),
            "history_days": float(case.found.history_days),
            "min_accounts": int(case.min_accounts),
        },
        "reading": case.dataset.reading,
    }


def _summary(case: Case, accounts: list[dict[str, Any]], evidence: list[dict[str, Any]]) -> dict[str, Any]:
    done = case.activity
    first, last = (
        [row[name] for row in accounts if row[name] is not None] for name in ("first_sent", "last_sent")
    )
    return {
        "n_accounts": len(accounts),
        "n_known": sum(row["known"] for row in accounts),
        "n_inferred": sum(not row["known"] for row in accounts),
        "n_labelled_automated": sum(row["label"] == "automated" for row in accounts),
        "n_labelled_not_automated": sum(row["label"] == "not automated" for row in accounts),
        "n_flagged": sum(row["score"]["verdict"] == "automated" for row in accounts),
        "n_sent": int(done.n_sent.sum()),
        "n_strangers": done.reached(),
        "first_sent": min(first, default=None),
        "last_sent": max(last, default=None),
        "n_evidence": {
            kind: sum(row["kind"] == kind for row in evidence) for kind in ("on_platform", "off_platform")
        },
        "operators": sorted({row["operator"] for row in evidence if row["operator"] is not None}),
    }


def _accounts(case: Case) -> list[dict[str, Any]]:
    """Return a record of each account: what ties it, what it is, what it did."""
    done, given = case.activity, case.dataset.given
    registered = {row["account_id"]: row for row in case.rows.told("accounts")}
    labels, ties, n_strangers = _by_account(case.rows.told("labels")), _ties(case), done.strangers()
    after = None if case.policy is None else (done.sent(case.policy, case.until), done.strangers(case.policy))
    records = []
    for place, (code, score) in enumerate(zip(case.codes.tolist(), case.scores(), strict=True)):
        account_id = str(score["account_id"])
        row = registered.get(account_id, {})
        record = {
            "account_id": account_id,
            "known": any(each["known"] for each in ties[account_id]),
            "ties": ties[account_id],
            "registration": {name: row.get(name) for name in (*_REGISTERED, "sha256")},
            "label": _label(case, code),
            "labels": labels.get(account_id, []),
            "n_sent": int(done.n_sent[place]),
            "n_strangers": int(n_strangers[place]),
            "first_sent": _instant(done.first_sent[place]),
            "last_sent": _instant(done.last_sent[place]),
            "n_reports": int(done.n_reports[place]) if "reports" in given else None,
            "n_blocks": int(done.n_blocks[place]) if "reports" in given else None,
            "score": {name: score[name] for name in ("score", "threshold", "verdict", "score_id")}
            | {"reasons": [each["sentence"] for each in score["reasons"]]},
        }
        if after is not None:
            at = row.get("registered_at")
            record["after_policy"] = {
                "n_sent": int(after[0][place]),
                "n_strangers": int(after[1][place]),
                "registered": None if at is None else to_instant(at) >= (case.policy or 0),
            }
        records.append(record)
    return records


def _ties(case: Case) -> dict[str, list[dict[str, Any]]]:
    """Return what ties each account: rows of evidence first, then what it shares with the core."""
    ties: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in case.rows.told("evidence"):
        named = row["operator"] is not None if case.operator is None else row["operator"] == case.operator
        if named:
            ties[row["account_id"]].append(
                {"known": True, "used": True, "kind": "evidence", "what": row["kind"], "row": row["sha256"]}
            )
    for shared in case.shared:
        told = {"known": False, "used": shared.used, "kind": shared.kind, "what": shared.label, "row": None}
        sharing = _listed(case, shared)
        for account_id in sharing if len(sharing) > 1 else []:
            ties[account_id].append(told)
    return ties


def _listed(case: Case, shared: Shared) -> list[str]:
    """Return those of the accounts of the dossier that share something."""
    sharing = set(shared.members.tolist())
    ids = zip(case.codes.tolist(), case.ids.to_pylist(), strict=True)
    return [str(account_id) for code, account_id in ids if code in sharing]


def _by_account(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["account_id"]].append({name: value for name, value in row.items() if name != "account_id"})
    return found


def _label(case: Case, code: int) -> str | None:
    if not case.known.labelled[code]:
        return None
    return "automated" if case.known.automated[code] else "not automated"


def _shared(case: Case, shared: Shared) -> dict[str, Any]:
    """Return what is shared, and by whom of the dossier: others that share it are counted, never named."""
    told: dict[str, Any] = {
        "kind": shared.kind,
        "name": shared.label,
        "used": shared.used,
        "n_accounts": int(shared.members.size),
        "n_core": shared.n_core,
        "n_labelled": shared.n_labelled,
        "n_automated": shared.n_automated,
        "accounts": _listed(case, shared),
    }
    row = shared.campaign
    if row is not None:
        told |= {name: iso(to_instant(row[name])) for name in ("first_seen", "last_seen")}
        told |= {
            name: row[name] for name in ("n_fingerprints", "fingerprint", "n_recipients", "time_overlap")
        }
        told["texts"] = case.rows.templates(case.found, row["campaign"]) if shared.kind == "text" else None
    return told


def _instant(value: Any) -> str | None:
    return None if value < 0 else iso(int(value))


def _after_policy(case: Case, accounts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what continued at or after the policy date."""
    if case.policy is None:
        return None
    after = [row["after_policy"] for row in accounts]
    return {
        "policy_date": iso(case.policy),
        "n_senders": sum(each["n_sent"] > 0 for each in after),
        "n_sent": sum(each["n_sent"] for each in after),
        "n_strangers": case.activity.reached(case.policy),
        "n_registered": sum(each["registered"] is True for each in after),
    }
