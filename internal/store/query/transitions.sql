SELECT organisation, id, at, name, state, tier, since, posts, observed, expected, p, evidence, transition
FROM issues FINAL
WHERE organisation = {organisation:String} AND transition
    AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY at DESC, id, tier
LIMIT {limit:UInt32}
