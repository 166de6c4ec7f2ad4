SELECT
    organisation, published_at, id, seen_at, date_quality, source, kind, site, url, title, text, author, lang, sentiment, negative,
    positive, concerns, severity, abuse, copy_group, pipeline, details, stored_at
FROM mentions
WHERE organisation = {organisation:String} AND id = toFixedString(unhex({id:String}), 16)
ORDER BY seen_at DESC, stored_at DESC
LIMIT 1
