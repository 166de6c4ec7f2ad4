SELECT organisation, id, at, name, state, tier, since, posts, observed, expected, p, evidence, transition
FROM issues FINAL
WHERE organisation = {organisation:String} AND id = {id:String} AND at <= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
ORDER BY at, transition, tier DESC
