SELECT at, pressure, low, high, tendency, word, provisional, blind, coverage, posts, negative, severe, expected, days
FROM readings
WHERE organisation = {organisation:String} AND scope = {scope:String} AND at <= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
ORDER BY at DESC, written DESC
LIMIT 1
