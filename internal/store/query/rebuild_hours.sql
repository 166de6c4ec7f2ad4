-- Every asked hour gives a row: one that has lost all its mentions becomes an empty roll-up.
INSERT INTO hours (organisation, hour, version, sources, langs, sentiments, severities, concerns, counts)
SELECT
    {organisation:String},
    hour,
    fromUnixTimestamp64Micro({version:Int64}, 'UTC'),
    groupArrayIf(source, n > 0),
    groupArrayIf(lang, n > 0),
    groupArrayIf(sentiment, n > 0),
    groupArrayIf(severity, n > 0),
    groupArrayIf(concern, n > 0),
    groupArrayIf(n, n > 0)
FROM
(
    SELECT toStartOfHour(published_at) AS hour, toString(source) AS source, toString(lang) AS lang, toString(sentiment) AS sentiment,
        severity, arrayJoin(arrayPushFront(arrayDistinct(concerns), '')) AS concern, toUInt32(count()) AS n
    FROM mentions FINAL
    WHERE organisation = {organisation:String}
        AND published_at >= fromUnixTimestamp({from:Int64}) AND published_at < fromUnixTimestamp({to:Int64})
        AND toUnixTimestamp(toStartOfHour(published_at)) IN {hours:Array(Int64)}
    GROUP BY hour, source, lang, sentiment, severity, concern
    UNION ALL
    SELECT toDateTime(arrayJoin({hours:Array(Int64)}), 'UTC'), '', '', '', 0, '', 0
)
GROUP BY hour
SETTINGS do_not_merge_across_partitions_select_final = 1
