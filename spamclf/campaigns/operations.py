"""Operations: campaigns that belong together, by the accounts that they share or by what links them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf.ids import Codes

__all__ = ["LARGEST_LOAD", "LEAST_SHARE", "LEAST_SHARED", "LEAST_TIED", "join_campaigns"]

#: Two campaigns are joined when they share this many accounts ...
LEAST_SHARED = 2
#: ... that make up this share of the smaller one. In four simulated worlds a half made operations purer than a fifth
#: did (pairs of automated accounts with one operator: 0.33-0.49 against 0.18-0.37) and lost at most 0.02 of them.
LEAST_SHARE = 0.5
#: The same share, where the one side is the accounts that evidence ties to an operator: they are seldom many.
LEAST_TIED = 0.2
#: An account in more campaigns than this joins none: it bridges whatever it likes, at quadratic cost.
LARGEST_LOAD = 100


def join_campaigns(
    campaign: Codes, account: Codes, component: Codes, tied_account: Codes, tied_operator: Codes
) -> Codes:
    """Join campaigns into operations.

    Two campaigns of any kind are joined when they share at least `LEAST_SHARED` accounts that make up at least
    `LEAST_SHARE` of the smaller one; one innocent account in both joins nothing. The accounts that evidence ties to
    one operator count as a campaign of that operator, with the share `LEAST_TIED`, so that two campaigns which share
    nobody are joined when enough accounts of both are tied to the same operator. Campaigns that were cut out of one
    component are joined, too: they are a photo, a text or a list that changed step by step. Joining is transitive.

    Parameters
    ----------
    campaign, account : ndarray of shape (n_pairs,), dtype int32
        Who is in which campaign; each pair once.
    component : ndarray of shape (n_campaigns,), dtype int32
        Equal for campaigns that were cut out of one component (`spamclf.campaigns.clusters.Clusters`).
    tied_account, tied_operator : ndarray of shape (n_tied,), dtype int32
        Who is tied to which operator; each pair once.

    Returns
    -------
    operation : ndarray of shape (n_campaigns,), dtype int32
        Operations are numbered in the order of their first campaigns.

    Examples
    --------
    >>> codes = lambda *values: np.array(values, np.int32)
    >>> nobody = codes()
    >>> join_campaigns(codes(0, 0, 0, 1, 1, 2, 2), codes(1, 2, 3, 2, 3, 3, 4), codes(0, 1, 2), nobody, nobody)
    array([0, 0, 1], dtype=int32)
    >>> join_campaigns(codes(0, 0, 1, 1), codes(1, 2, 3, 4), codes(0, 1), codes(1, 2, 3, 4), codes(0, 0, 0, 0))
    array([0, 0], dtype=int32)
    >>> join_campaigns(codes(0, 1), codes(1, 2), codes(0, 0), nobody, nobody)
    array([0, 0], dtype=int32)
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n_campaigns, n_operators = component.size, int(tied_operator.max(initial=-1)) + 1
    n_nodes = n_campaigns + n_operators
    if n_campaigns == 0:
        return np.empty(0, np.int32)
    node = np.concatenate([campaign.astype(np.int64), n_campaigns + tied_operator.astype(np.int64)])
    member = np.concatenate([account, tied_account])
    size = np.bincount(node, minlength=n_nodes)
    light = np.bincount(member)[member] <= LARGEST_LOAD
    _, column = np.unique(member[light], return_inverse=True)
    holds = csr_array((np.ones(column.size, np.int32), (node[light], column)), shape=(n_nodes, column.size))
    shared = (holds @ holds.T).tocoo()
    by_evidence = np.maximum(shared.row, shared.col) >= n_campaigns
    least = np.where(by_evidence, LEAST_TIED, LEAST_SHARE) * np.minimum(size[shared.row], size[shared.col])
    joined = (shared.data >= LEAST_SHARED) & (shared.data >= least)
    _, first, number = np.unique(component, return_index=True, return_inverse=True)
    one = np.concatenate([shared.row[joined], np.arange(n_campaigns)])
    other = np.concatenate([shared.col[joined], first[number]])
    links = csr_array((np.ones(one.size, np.int8), (one, other)), shape=(n_nodes, n_nodes))
    _, operation = connected_components(links, directed=False)
    return _in_order_of_appearance(operation[:n_campaigns])


def _in_order_of_appearance(label: npt.NDArray[np.integer]) -> Codes:
    """Number labels from 0 by where they are first met."""
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(first.size, np.int32)
    rank[np.argsort(first)] = np.arange(first.size, dtype=np.int32)
    return rank[number]
