"""Simulated honest traffic against real logs: ``python -m tests.benches.realism [--plot FILE.png]``.

Ordinary people stand against the students' private messages, offices against the company's mail, commenters against
the replies on a news site. For each account that wrote, some measures of a window are taken; the table shows their
quantiles and the two-sample Kolmogorov-Smirnov distance.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import ks_2samp

from spamclf.simulate import World, world
from tests.benches import public_data

DAY_S = 86_400
QUANTILES = (0.1, 0.5, 0.9)
#: Families with friends that write to few strangers: the other ends of ordinary people's talk.
PEOPLE = (
    "ordinary", "night_worker", "brigaded", "fan", "new_number", "broadcaster", "forwarder", "organiser", "group_admin",
)  # fmt: skip

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """A family and the log that it is fitted to.

    Attributes
    ----------
    family, log : str
    ends : tuple of str
        Families whose messages with each other are looked at.
    outside : bool
        Whether messages to people outside ``accounts`` count too.
    days : tuple of int
        Window of the real log; as many days of the world are looked at.
    """

    family: str
    log: str
    ends: tuple[str, ...]
    outside: bool
    days: tuple[int, int]


PAIRS = (
    Pair("ordinary", "college_messages", PEOPLE, True, (20, 50)),
    Pair("office", "company_email", ("office",), False, (60, 90)),
    Pair("commenter", "digg_replies", ("commenter",), False, (0, 15)),
)


def measures(sender: Integers, recipient: Integers, second: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Measure every account that wrote; what too few messages cannot tell is null."""
    log = pd.DataFrame({"s": sender, "r": recipient, "t": second}).sort_values(["t", "r"], kind="stable")
    by = log.groupby("s")
    out = pd.DataFrame({"sends": by.size(), "out_degree": by.r.nunique()})
    out["in_degree"] = log.groupby("r").s.nunique().reindex(out.index).fillna(0)
    out["messages_per_recipient"] = out.sends / out.out_degree
    pairs = log[["s", "r"]].drop_duplicates()
    back = pairs.rename(columns={"s": "r", "r": "s"}).assign(back=1.0)
    out["reciprocity"] = (
        pairs.merge(back, how="left", on=["s", "r"]).fillna({"back": 0.0}).groupby("s").back.mean()
    )
    out = out.join(_gaps(log))
    out["reply_s"] = _replies(log)
    angle = 2 * np.pi * (log.t % DAY_S) / DAY_S
    mean = [part.groupby(log.s).mean() for part in (np.cos(angle), np.sin(angle))]
    out["hour_concentration"] = np.hypot(*mean)[out.sends >= 10]
    return out


def _gaps(log: pd.DataFrame) -> pd.DataFrame:
    """Gap quantiles from 5 gaps on; finite-n burstiness (Kim & Jo 2016), memory (Goh & Barabasi 2008) from 10."""
    gap = log.groupby("s").t.diff()
    by = gap.groupby(log.s)
    count, out = by.count(), pd.DataFrame(index=log.s.unique())
    for share in QUANTILES:
        out[f"gap_q{share:.0%}_s".replace("%", "")] = by.quantile(share)[count >= 5]
    spread, n = by.std(ddof=0) / by.mean(), count + 1
    burst = (np.sqrt(n + 1) * spread - np.sqrt(n - 1)) / ((np.sqrt(n + 1) - 2) * spread + np.sqrt(n - 1))
    out["burstiness"] = burst[count >= 10]
    both = pd.DataFrame({"s": log.s, "x": gap.groupby(log.s).shift(1), "y": gap}).dropna()
    sums = both.assign(xy=both.x * both.y, xx=both.x**2, yy=both.y**2).groupby("s").mean()
    deviation = np.sqrt((sums.xx - sums.x**2).clip(lower=0) * (sums.yy - sums.y**2).clip(lower=0))
    out["memory"] = ((sums.xy - sums.x * sums.y) / deviation.where(deviation > 0))[count >= 10]
    return out


def _replies(log: pd.DataFrame) -> pd.Series:
    """Median time from a message to the answer, of accounts that answered three or more."""
    low, high = np.minimum(log.s, log.r), np.maximum(log.s, log.r)
    talk = pd.DataFrame({"low": low, "high": high, "s": log.s, "t": log.t})
    talk = talk.sort_values(["low", "high", "t"], kind="stable")
    before = talk.shift()
    turned = (before.low == talk.low) & (before.high == talk.high) & (before.s != talk.s)
    wait = (talk.t - before.t)[turned].groupby(talk.s[turned])
    return wait.median()[wait.size() >= 3]


def real(pair: Pair) -> pd.DataFrame:
    """Measure the real log of a pair."""
    table = public_data.read(pair.log)
    sender, recipient, second = (public_data.column(table, name) for name in ("sender", "recipient", "t"))
    day = (second - second.min()) / DAY_S
    kept = (day >= pair.days[0]) & (day < pair.days[1]) & (sender != recipient)
    return measures(sender[kept], recipient[kept], second[kept].astype(np.float64))


def simulated(pair: Pair, made: World) -> pd.DataFrame:
    """Measure the family of a pair in a world."""
    truth = made.truth.to_pandas().set_index("account_id").family
    log = made["messages"].to_pandas()
    log = log[~log.is_group.astype(bool)]
    second = log.sent_at.astype("int64") / 1e6
    other = log.recipient_id.map(truth)
    kept = log.sender_id.map(truth).isin(pair.ends) & (other.isin(pair.ends) | (pair.outside & other.isna()))
    kept &= second < second.min() + (pair.days[1] - pair.days[0]) * DAY_S
    codes = pd.Series(*pd.factorize(pd.concat([log.sender_id, log.recipient_id]))[:1])
    sender, recipient = codes[: len(log)].to_numpy(), codes[len(log) :].to_numpy()
    chosen = kept.to_numpy()
    out = measures(sender[chosen], recipient[chosen], second.to_numpy()[chosen])
    family = pd.Series(truth.reindex(log.sender_id).to_numpy(), index=sender)
    return out[family[~family.index.duplicated()].reindex(out.index) == pair.family]


def compared(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the quantiles of both and the distance, a row per measure that ten accounts have on both sides."""
    rows = {}
    for name in one.columns:
        x, y = one[name].dropna(), other[name].dropna()
        if min(len(x), len(y)) < 10:
            continue
        quantiles = [each.quantile(share) for each in (x, y) for share in QUANTILES]
        rows[name] = [*quantiles, len(x), len(y), ks_2samp(x, y).statistic]
    shares = [f"{side} {share:.0%}" for side in ("simulated", "real") for share in QUANTILES]
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=[*shares, "n simulated", "n real", "distance"]
    )


def markdown(table: pd.DataFrame) -> str:
    """Lay out a comparison."""
    head = ["measure", *table.columns]
    rows = [
        [name, *(f"{value:.3g}" for value in row)]
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def plot(path: str, sides: dict[str, tuple[pd.DataFrame, pd.DataFrame]]) -> None:
    """Draw the distribution functions of all measures, a row of small plots per pair."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = list(next(iter(sides.values()))[0].columns)
    figure, axes = plt.subplots(len(sides), len(names), figsize=(2.1 * len(names), 2.1 * len(sides)))
    for row, (title, both) in zip(axes, sides.items(), strict=True):
        for ax, name in zip(row, names, strict=True):
            for values, label, colour in zip(both, ("simulated", "real"), ("C1", "C0"), strict=True):
                x = np.sort(values[name].dropna().to_numpy())
                ax.plot(x, (np.arange(len(x)) + 1) / max(len(x), 1), colour, label=label)
            if name not in ("reciprocity", "burstiness", "memory", "hour_concentration"):
                ax.set_xscale("symlog")
            ax.set_title(f"{title}\n{name}", fontsize=6)
            ax.tick_params(labelsize=5)
    axes[0][0].legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=2003)
    parser.add_argument("--plot")
    chosen = parser.parse_args()
    if public_data.folder() is None:
        print(f"realism: skipped, {public_data.why_not()}.")
        return
    made = world(chosen.accounts, automated_share=0.1, random_state=chosen.seed)
    print(f"{chosen.accounts:,} accounts, seed {chosen.seed}")
    sides = {f"{pair.family} / {pair.log}": (simulated(pair, made), real(pair)) for pair in PAIRS}
    for title, (one, other) in sides.items():
        print(f"\n{title}\n\n{markdown(compared(one, other))}")
    if chosen.plot:
        plot(chosen.plot, sides)


if __name__ == "__main__":
    main()
