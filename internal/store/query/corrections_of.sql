SELECT mention, at, field, value, was, by
FROM corrections FINAL
WHERE organisation = {organisation:String} AND mention IN wanted
ORDER BY mention, field
