SELECT roundDown(toInt64(toUnixTimestamp(published_at)), {starts:Array(Int64)}) AS start, /* key */ AS key, count()
FROM mentions FINAL
WHERE /* filter */
GROUP BY start, key
SETTINGS do_not_merge_across_partitions_select_final = 1
