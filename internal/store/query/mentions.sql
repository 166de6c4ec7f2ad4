SELECT published_at, id
FROM mentions
WHERE /* filter */
ORDER BY published_at DESC, id DESC
LIMIT {limit:UInt32}
