SELECT
    organisation, published_at, id, seen_at, date_quality, source, kind, site, url, title, text, author, lang, sentiment, negative,
    positive, concerns, severity, abuse, copy_group, pipeline, details, stored_at
FROM mentions
WHERE organisation = {organisation:String} AND stored_at > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')
ORDER BY stored_at, id, seen_at DESC
LIMIT 1 BY id
LIMIT {limit:UInt32}
