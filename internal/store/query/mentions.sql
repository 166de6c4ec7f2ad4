SELECT DISTINCT published_at, id
FROM mentions
WHERE published_at >= fromUnixTimestamp({window_from:Int64}) AND published_at < fromUnixTimestamp({window_to:Int64})
    AND /* filter */
ORDER BY published_at DESC, id DESC
LIMIT {limit:UInt32}
