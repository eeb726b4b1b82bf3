"""What the contributions of a model's features say in words: one telling behind every door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.features.catalogue import CATALOGUE, family_of

__all__ = ["Reason", "Telling"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reason:
    """What one feature adds to a raw score.

    Attributes
    ----------
    feature, family : str
    value : float or None
        None where it is not known.
    contribution : float
        In log odds: above 0 it speaks for an automated account, below against it.
    sentence : str
    """

    feature: str
    family: str
    value: float | None
    contribution: float
    sentence: str


class Telling:
    """Turns a row of features and its contributions into reasons.

    A feature without a value is never *chosen* as a reason: that nothing is known of something is no fact that anybody
    could be held to or could contest. Its contribution is there all the same, in `every`.

    Parameters
    ----------
    feature_names : sequence of str
        The model's, all in the catalogue.

    Attributes
    ----------
    companions : tuple of str
        Features whose values the sentences give beside their own.

    Examples
    --------
    >>> telling = Telling(["fan_out_strangers", "fan_out_recipients", "account_age_s"])
    >>> x, contributions = np.array([214.0, 215.0, np.nan]), np.array([1.5, 0.5, 2.0])
    >>> [reason.sentence for reason in telling.chosen(x, contributions, {}, 3)]
    ['wrote to 214 strangers']
    >>> [reason.feature for reason in telling.every(x, contributions, {})]
    ['account_age_s', 'fan_out_strangers', 'fan_out_recipients']
    """

    def __init__(self, feature_names: Sequence[str]) -> None:
        self.names = tuple(feature_names)
        self.families = tuple(family_of(name).name for name in self.names)
        # What names the size of a cluster speaks of that cluster.
        self._subjects = tuple(
            next(
                (size for size in (name, *CATALOGUE[name].companions) if size.endswith("_cluster_accounts")),
                family,
            )
            for name, family in zip(self.names, self.families, strict=True)
        )
        self.companions = tuple(
            dict.fromkeys(other for name in self.names for other in CATALOGUE[name].companions)
        )

    def every(self, x: Floats, contributions: Floats, others: Mapping[str, float]) -> list[Reason]:
        """Return a reason per feature, the largest contribution first.

        Parameters
        ----------
        x, contributions : ndarray of shape (n_features,)
        others : mapping of str to float
            Values of `companions`; what is missing is not known.
        """
        order = np.argsort(-contributions, kind="stable").tolist()
        return [self._reason(column, x, contributions, others) for column in order]

    def chosen(self, x: Floats, contributions: Floats, others: Mapping[str, float], n: int) -> list[Reason]:
        """Return the largest positive contributions, at most `n`, one of each family: the others tell much the same.

        Of photos, texts and shared recipients there may be two: what the account did, and who else did nearly the same.
        """
        chosen: dict[str, int] = {}
        for column in np.argsort(-contributions, kind="stable").tolist():
            if contributions[column] <= 0 or len(chosen) == n:
                break
            if not np.isnan(x[column]):
                chosen.setdefault(self._subjects[column], column)
        return [self._reason(column, x, contributions, others) for column in chosen.values()]

    def _reason(self, column: int, x: Floats, contributions: Floats, others: Mapping[str, float]) -> Reason:
        feature, value = CATALOGUE[self.names[column]], float(x[column])
        words = {
            name: CATALOGUE[name].in_words(others[name]) for name in feature.companions if name in others
        }
        return Reason(
            feature.name,
            self.families[column],
            None if np.isnan(value) else value,
            float(contributions[column]),
            feature.say(value, words),
        )
