(copy_group = 0 OR (published_at, id) IN (
        SELECT min((published_at, id))
        FROM mentions FINAL
        WHERE organisation = {organisation:String}
            AND published_at >= fromUnixTimestamp({from:Int64}) AND published_at < fromUnixTimestamp({to:Int64})
            AND copy_group IN (SELECT copy_group FROM mentions WHERE copy_group != 0 AND /* others */)
        GROUP BY copy_group
        SETTINGS do_not_merge_across_partitions_select_final = 1
    ))
