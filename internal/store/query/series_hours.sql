SELECT roundDown(toInt64(toUnixTimestamp(hour)), {starts:Array(Int64)}) AS start, /* key */ AS key, sum(n)
FROM (SELECT * FROM hours FINAL)
ARRAY JOIN sources AS source, langs AS lang, sentiments AS sentiment, severities AS severity, concerns AS concern, counts AS n
WHERE /* filter */
GROUP BY start, key
