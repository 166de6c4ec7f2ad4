WITH
    rows_cells AS
    (
        SELECT organisation, toStartOfHour(published_at) AS hour, source, lang, sentiment, severity,
            arrayJoin(arrayPushFront(arrayDistinct(concerns), '')) AS concern, count() AS n
        FROM mentions FINAL
        GROUP BY ALL
    ),
    rolled_cells AS
    (
        SELECT organisation, hour, source, lang, sentiment, severity, concern, toUInt64(n) AS n
        FROM hours FINAL
        ARRAY JOIN sources AS source, langs AS lang, sentiments AS sentiment, severities AS severity, concerns AS concern, counts AS n
    )
SELECT
    (SELECT count() FROM mentions FINAL),
    (SELECT uniqExact(organisation, id) FROM mentions),
    (SELECT uniqExact(id) FROM mentions),
    (SELECT sum(n) FROM rolled_cells WHERE concern = ''),
    (
        SELECT count()
        FROM (SELECT organisation, hour, max(touched_at) AS last_touch FROM touched GROUP BY organisation, hour) AS t
        LEFT JOIN (SELECT organisation, hour, max(version) AS built FROM hours GROUP BY organisation, hour) AS h
            ON h.organisation = t.organisation AND h.hour = t.hour
        WHERE addMicroseconds(t.last_touch, {slack_us:Int64}) >= h.built
    ),
    (
        SELECT count()
        FROM
        (
            SELECT sum(d) AS difference
            FROM (SELECT * EXCEPT n, toInt64(n) AS d FROM rows_cells UNION ALL SELECT * EXCEPT n, -toInt64(n) FROM rolled_cells)
            GROUP BY organisation, hour, source, lang, sentiment, severity, concern
            HAVING difference != 0
        )
    ),
    (SELECT uniqExact(id) FROM tombstones),
    (SELECT count() FROM mentions FINAL WHERE id IN (SELECT id FROM tombstones))
SETTINGS do_not_merge_across_partitions_select_final = 1
