SELECT id, url, title, text
FROM mentions
WHERE organisation = {organisation:String} AND id IN wanted
    AND published_at >= fromUnixTimestamp({from:Int64}) AND published_at <= fromUnixTimestamp({to:Int64})
ORDER BY seen_at DESC, stored_at DESC
LIMIT 1 BY id
