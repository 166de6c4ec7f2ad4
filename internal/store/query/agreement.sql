SELECT field, count(), countIf(value = substringIndex(was, ' ', 1))
FROM corrections FINAL
WHERE organisation = {organisation:String} AND mention NOT IN (SELECT id FROM tombstones)
GROUP BY field
ORDER BY field
