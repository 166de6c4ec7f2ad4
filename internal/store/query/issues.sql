SELECT organisation, id, at, name, state, tier, since, posts, observed, expected, p, evidence, transition
FROM
(
    SELECT *
    FROM issues
    WHERE organisation = {organisation:String} AND at <= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
        AND ({id:String} = '' OR id = {id:String})
    ORDER BY id, at DESC, written DESC
    LIMIT 1 BY id
)
WHERE empty({states:Array(String)}) OR state IN {states:Array(String)}
ORDER BY at DESC, id
