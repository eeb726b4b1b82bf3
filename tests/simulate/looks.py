"""Plain looks at a world, through its tables and its truth alone."""

from __future__ import annotations

from functools import cache, cached_property

import pandas as pd

from spamclf import simulate


class Look:
    """A world as dataframes."""

    def __init__(self, made: simulate.World) -> None:
        self.made = made
        self.truth = made.truth.to_pandas().set_index("account_id")

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.made[name].to_pandas()

    def of(self, account: pd.Series, column: str) -> pd.Series:
        """A column of the truth, for a column of accounts."""
        return account.map(self.truth[column])

    @cached_property
    def sent(self) -> pd.DataFrame:
        """Messages with the families of both ends, the two ends in order, and whether it is the first of the two."""
        log = self["messages"].sort_values("sent_at", kind="stable")
        log["family"], log["to_family"] = (
            self.of(log.sender_id, "family"),
            self.of(log.recipient_id, "family"),
        )
        log["automated"] = self.of(log.sender_id, "is_automated").astype(bool)
        log["campaign"] = self.of(log.sender_id, "campaign")
        log["low"] = log[["sender_id", "recipient_id"]].min(axis=1)
        log["high"] = log[["sender_id", "recipient_id"]].max(axis=1)
        log["stranger"] = ~log.is_group & ~log.duplicated(["low", "high"])
        return log

    def by(self, family: str) -> pd.DataFrame:
        """What accounts of a family wrote."""
        return self.sent[self.sent.family == family]

    def bulk(self, family: str) -> pd.DataFrame:
        """What they wrote to strangers, automated ones from their start on."""
        mine = self.by(family)
        start = self.of(mine.sender_id, "starts_at").fillna(pd.Timestamp(0, tz="UTC"))
        return mine[mine.stranger & (mine.sent_at >= start)]

    def answered(self, log: pd.DataFrame) -> pd.Series:
        """Whether the recipient of each row ever wrote to its sender."""
        back = set(zip(self.sent.sender_id, self.sent.recipient_id, strict=True))
        pairs = zip(log.recipient_id, log.sender_id, strict=True)
        return pd.Series([pair in back for pair in pairs], index=log.index)

    def turns(self, family: str) -> pd.DataFrame:
        """Answers of a family: rows that follow one of the other side, with the seconds ``waited``."""
        by = self.sent.groupby(["low", "high"])
        log = self.sent.assign(
            waited=by.sent_at.diff().dt.total_seconds(), before=by.sender_id.shift(), nth=by.cumcount()
        )
        return log[
            (log.family == family) & log.before.notna() & (log.before != log.sender_id) & ~log.is_group
        ]


@cache
def world_of(*families: str, seed: int = 11, n_accounts: int = 500, share: float = 0.3) -> Look:
    """Look at a world in which everything is known and no label is wrong."""
    return Look(
        simulate.world(
            n_accounts, automated_share=share, random_state=seed, families=families or None, unknown_share=0.0,
            wrong_labels=0.0,
        )
    )  # fmt: skip


def gaps_s(log: pd.DataFrame) -> pd.Series:
    """Seconds since the sender's last row, indexed by sender."""
    gaps = log.groupby("sender_id").sent_at.diff().dt.total_seconds()
    return gaps.set_axis(log.sender_id).dropna()


def daily(log: pd.DataFrame) -> pd.Series:
    """Rows by sender and day."""
    return log.groupby(["sender_id", log.sent_at.dt.floor("D")]).size()
