SELECT at, pressure, low, high, tendency, word, provisional, blind, coverage, posts, negative, severe, expected, days
FROM readings FINAL
WHERE organisation = {organisation:String} AND scope = {scope:String}
    AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY at
LIMIT {limit:UInt32}
