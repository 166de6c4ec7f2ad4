SELECT id
FROM mentions
WHERE id IN ids
GROUP BY id
HAVING uniqExact(published_at) > 1
