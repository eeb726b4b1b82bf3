"""The SQL that an analyst would write in place of the kernels: whole features, by name.

`QUERIES` read a table ``messages(sender_id, recipient_id, sent_at)`` without groups or repeated rows, and each
gives one row per sender: ``account_id`` and features under their names in the catalogue. `FACTS` read more columns
and tables of the contract. `tests/features/test_sql.py` asserts that all values equal the kernels'.
"""

from __future__ import annotations

__all__ = ["FACTS", "QUERIES"]

_DAY = 86_400_000_000  # microseconds
_HOUR = 3_600_000_000

QUERIES: dict[str, str] = {
    "volume": f"""
        SELECT sender_id AS account_id,
               count(*) AS send_rate_sends,
               count(DISTINCT epoch_us(sent_at) // {_DAY}) AS rhythm_active_days,
               count(*) / count(DISTINCT epoch_us(sent_at) // {_DAY}) AS send_rate_per_active_day,
               count(*) FILTER (epoch_us(sent_at) % {_DAY} < 6 * {_HOUR}) / count(*) AS rhythm_night_share
        FROM messages GROUP BY sender_id
    """,
    "bursts": f"""
        WITH ahead AS (
            SELECT sender_id,
                   count(*) OVER one_minute AS in_1m, count(*) OVER one_hour AS in_1h, count(*) OVER one_day AS in_24h
            FROM (SELECT sender_id, epoch_us(sent_at) AS t FROM messages)
            WINDOW one_minute AS (PARTITION BY sender_id ORDER BY t RANGE BETWEEN CURRENT ROW AND 59999999 FOLLOWING),
                   one_hour AS (PARTITION BY sender_id ORDER BY t RANGE BETWEEN CURRENT ROW AND {_HOUR - 1} FOLLOWING),
                   one_day AS (PARTITION BY sender_id ORDER BY t RANGE BETWEEN CURRENT ROW AND {_DAY - 1} FOLLOWING)
        )
        SELECT sender_id AS account_id, max(in_1m) AS send_rate_max_1m, max(in_1h) AS send_rate_max_1h,
               max(in_24h) AS send_rate_max_24h, max(in_1h) / count(*) AS send_rate_busiest_hour_share
        FROM ahead GROUP BY sender_id
    """,
    "recipients": """
        WITH pairs AS (
            SELECT sender_id, recipient_id, count(*) AS n, min(sent_at) AS first, max(sent_at) AS last
            FROM messages GROUP BY sender_id, recipient_id
        )
        SELECT there.sender_id AS account_id,
               count(*) AS fan_out_recipients,
               count(*) FILTER (there.n = 1) AS fan_out_once,
               count(*) FILTER (there.n = 1) / count(*) AS fan_out_once_share,
               sum(there.n) / count(*) AS fan_out_messages_per_recipient,
               log2(sum(there.n)) - sum(there.n * log2(there.n)) / sum(there.n) AS fan_out_entropy,
               count(*) FILTER (back.first IS NULL OR back.first > there.first) AS fan_out_strangers,
               count(*) FILTER (back.first IS NULL OR back.first > there.first) / count(*) AS fan_out_stranger_share,
               count(*) FILTER (back.last > there.first) / count(*) AS replies_recipient_share,
               count(*) FILTER (back.first IS NULL) AS replies_debt
        FROM pairs AS there
        LEFT JOIN pairs AS back ON back.sender_id = there.recipient_id AND back.recipient_id = there.sender_id
        GROUP BY there.sender_id
    """,
    "conversations": """
        WITH sides AS (
            SELECT sender_id AS account_id, recipient_id AS peer, count(*) AS n_out, 0 AS n_in,
                   min(sent_at) AS first_out, NULL AS first_in
            FROM messages GROUP BY ALL
            UNION ALL
            SELECT recipient_id, sender_id, 0, count(*), NULL, min(sent_at) FROM messages GROUP BY ALL
        ), talks AS (
            SELECT account_id, sum(n_out) AS n_out, sum(n_in) AS n_in, min(first_out) AS first_out,
                   min(first_in) AS first_in
            FROM sides GROUP BY account_id, peer
        )
        SELECT account_id,
               sum(n_in) / sum(n_out) AS replies_in_out_ratio,
               count(*) FILTER (n_in = 0 OR first_out < first_in) / count(*) AS replies_began_share,
               count(*) FILTER (n_out > 0 AND n_in = n_out) / count(*) AS replies_mutual_share
        FROM talks GROUP BY account_id HAVING sum(n_out) > 0
    """,
    "gaps": """
        WITH gaps AS (
            SELECT sender_id, t - lag(t) OVER (PARTITION BY sender_id ORDER BY t) AS gap
            FROM (SELECT sender_id, epoch_us(sent_at) AS t FROM messages)
        ), shapes AS (
            SELECT sender_id AS account_id, quantile_cont(gap, [0.01, 0.1, 0.5, 0.9]) AS q,
                   stddev_pop(gap) / nullif(avg(gap), 0) AS cv, count(gap) AS n
            FROM gaps GROUP BY sender_id
        )
        SELECT account_id, q[1] / 1e6 AS rhythm_gap_p01_s, q[2] / 1e6 AS rhythm_gap_p10_s,
               q[3] / 1e6 AS rhythm_gap_p50_s, q[4] / 1e6 AS rhythm_gap_p90_s,
               CASE WHEN n > 1 THEN cv END AS rhythm_gap_cv
        FROM shapes
    """,
    "hours": f"""
        WITH hours AS (
            SELECT sender_id, epoch_us(sent_at) % {_DAY} // {_HOUR} AS hour, count(*) AS n
            FROM messages GROUP BY ALL
        )
        SELECT sender_id AS account_id, log2(sum(n)) - sum(n * log2(n)) / sum(n) AS rhythm_hour_entropy
        FROM hours GROUP BY sender_id
    """,
}

FACTS: dict[str, str] = {
    "typing": """
        SELECT sender_id AS account_id,
               count(*) FILTER (typed_s = 0) / nullif(count(typed_s), 0) AS rhythm_untyped_share,
               count(*) FILTER (NOT delivered) / nullif(count(delivered), 0) AS fan_out_undelivered_share
        FROM messages GROUP BY sender_id
    """,
    "groups": """
        SELECT sender_id AS account_id,
               count(DISTINCT recipient_id) FILTER (is_group) AS fan_out_groups,
               count(*) FILTER (NOT in_contacts AND is_group IS NOT TRUE)
                   / nullif(count(in_contacts) FILTER (is_group IS NOT TRUE), 0) AS fan_out_outside_contacts_share
        FROM messages GROUP BY sender_id
    """,
    "reports": f"""
        WITH sides AS (
            SELECT sender_id AS account_id, recipient_id AS peer, sent_at, 1 AS way FROM messages
            WHERE is_group IS NOT TRUE
            UNION ALL
            SELECT recipient_id, sender_id, sent_at, 2 FROM messages WHERE is_group IS NOT TRUE
        ), talks AS (
            SELECT account_id FROM sides GROUP BY account_id, peer
            HAVING count(DISTINCT way) = 2 AND max(epoch_us(sent_at)) - min(epoch_us(sent_at)) >= {_DAY}
        ), contacts AS (SELECT account_id, count(*) AS n FROM talks GROUP BY account_id),
        heard AS (
            SELECT reports.account_id FROM reports LEFT JOIN contacts USING (account_id)
            GROUP BY reports.account_id HAVING count(DISTINCT reporter_id) > 3 * coalesce(max(n), 0)
        )
        SELECT accounts.account_id, count(*) FILTER (kind = 'report') AS feedback_reports,
               count(*) FILTER (kind = 'block') AS feedback_blocks,
               count(DISTINCT reporter_id) AS feedback_reporters
        FROM accounts
        LEFT JOIN (SELECT reports.* FROM reports SEMI JOIN heard USING (account_id)) AS reports
               ON reports.account_id = accounts.account_id
        GROUP BY accounts.account_id
    """,
    "recipients_abroad": """
        WITH firsts AS (
            SELECT sender_id, recipient_id, min(sent_at) AS first FROM messages
            WHERE is_group IS NOT TRUE GROUP BY ALL
        ), seen AS (
            SELECT sender_id, firsts.first, there.registered_at, there.country AS country, own.country AS own
            FROM firsts
            LEFT JOIN accounts AS there ON there.account_id = recipient_id
                 AND (there.registered_at IS NULL OR there.registered_at < firsts.first)
            LEFT JOIN accounts AS own ON own.account_id = sender_id
        )
        SELECT sender_id AS account_id,
               nullif(count(DISTINCT country), 0) AS fan_out_recipient_countries,
               count(*) FILTER (country != own) / nullif(count(*) FILTER (country = country AND own = own), 0)
                   AS fan_out_foreign_share,
               quantile_cont(epoch_us(first) - epoch_us(registered_at), 0.5) / 1e6 AS fan_out_recipient_age_median_s
        FROM seen GROUP BY sender_id
    """,
}
