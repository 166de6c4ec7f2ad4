WITH
    fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') AS moment,
    moment - INTERVAL 1 DAY AS day_ago,
    observed AS
    (
        SELECT source, at, state,
            leadInFrame(at, 1, moment) OVER (PARTITION BY source ORDER BY at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS until
        FROM (SELECT source, at, state FROM health FINAL WHERE at <= moment)
    ),
    heard AS
    (
        SELECT source, sum(greatest(0, dateDiff('millisecond', greatest(at, day_ago), least(until, moment)))) / 86400000 AS share
        FROM observed
        WHERE until > day_ago AND state IN ('healthy', 'silent')
        GROUP BY source
    ),
    volume AS
    (
        SELECT source, sumIf(n, hour >= day_ago) AS last_day, sum(n) AS last_28_days
        FROM hours FINAL
        ARRAY JOIN sources AS source, concerns AS concern, counts AS n
        WHERE hour >= toStartOfHour(moment - INTERVAL 28 DAY) AND concern = ''
        GROUP BY source
    )
SELECT latest.source, latest.kind, latest.name, latest.last_at, latest.state, latest.reason, latest.posts, latest.mentions,
    latest.expected, latest.latency_us, latest.last_post_at, volume.last_day, volume.last_28_days, toFloat32(heard.share)
FROM
(
    SELECT source, argMax(kind, at) AS kind, argMax(name, at) AS name, max(at) AS last_at, argMax(state, at) AS state,
        argMax(reason, at) AS reason, argMax(posts, at) AS posts, argMax(mentions, at) AS mentions,
        argMax(expected, at) AS expected, argMax(latency_us, at) AS latency_us, max(last_post_at) AS last_post_at
    FROM health
    GROUP BY source
) AS latest
LEFT JOIN volume ON volume.source = latest.source
LEFT JOIN heard ON heard.source = latest.source
ORDER BY latest.source
