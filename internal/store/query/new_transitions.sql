SELECT organisation, id, at, name, state, tier, since, posts, observed, expected, p, evidence, transition
FROM issues FINAL
WHERE organisation = {organisation:String} AND transition AND written > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')
ORDER BY at, id, tier DESC
LIMIT {limit:UInt32}
