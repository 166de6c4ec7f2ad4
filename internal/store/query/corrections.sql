SELECT mention, at, field, value, was, by
FROM corrections FINAL
WHERE organisation = {organisation:String} AND mention NOT IN (SELECT id FROM tombstones)
ORDER BY at DESC, mention, field
LIMIT {limit:UInt32}
