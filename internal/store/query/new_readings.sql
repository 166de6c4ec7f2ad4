SELECT at, pressure, low, high, tendency, word, provisional, blind, coverage, posts, negative, severe, expected, days
FROM readings FINAL
WHERE organisation = {organisation:String} AND scope = '' AND written > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')
ORDER BY at
LIMIT {limit:UInt32}
