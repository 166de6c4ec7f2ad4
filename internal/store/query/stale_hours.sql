SELECT t.organisation, t.hour
FROM
(
    SELECT organisation, hour, max(touched_at) AS last_touch
    FROM touched
    WHERE touched_at >= fromUnixTimestamp({since:Int64})
    GROUP BY organisation, hour
) AS t
LEFT JOIN
(
    SELECT organisation, hour, max(version) AS built
    FROM hours
    GROUP BY organisation, hour
) AS h ON h.organisation = t.organisation AND h.hour = t.hour
WHERE addMicroseconds(t.last_touch, {slack_us:Int64}) >= h.built
ORDER BY t.organisation, t.hour
