SELECT id, min(published_at), argMin(date_quality, published_at)
FROM mentions
WHERE id IN ids
GROUP BY id
