SELECT
    organisation, published_at, id, seen_at, date_quality, source, kind, site, url, title, text, author, lang, sentiment, negative,
    positive, concerns, severity, abuse, copy_group, pipeline, details, stored_at
FROM mentions FINAL
WHERE (published_at, id) IN (SELECT published_at, id FROM wanted)
    AND /* filter */
ORDER BY published_at DESC, id DESC
SETTINGS do_not_merge_across_partitions_select_final = 1
