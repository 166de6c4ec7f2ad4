SELECT hour, avg(ok)
FROM
(
    SELECT source, toStartOfHour(at) AS hour, max(state IN ('healthy', 'silent')) AS ok
    FROM health
    WHERE at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND state NOT IN ('disabled', 'waiting')
    GROUP BY source, hour
)
GROUP BY hour
ORDER BY hour
