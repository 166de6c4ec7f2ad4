(copy_group = 0 OR (published_at, id) IN (
        SELECT min((published_at, id))
        FROM mentions FINAL
        WHERE organisation = {organisation:String}
            AND published_at >= fromUnixTimestamp({from:Int64}) AND published_at < fromUnixTimestamp({to:Int64})
            AND copy_group != 0
        GROUP BY copy_group
    ))
