SELECT
    organisation, published_at, id, seen_at, date_quality, source, kind, site, url, title, text, declared_lang, author,
    repost_of, hit_terms, hit_in_title, hit_starts, hit_ends, redaction_kinds, redaction_in_title, redaction_starts,
    redaction_ends, lang, lang_confidence, sentiment, negative, positive, reason_terms, reason_weights, concerns,
    concern_frameworks, concern_probs, concern_reasons, concern_terms, concern_weights, severity, abuse, abuse_target,
    copy_group, pipeline, stored_at
FROM
(
    SELECT *, folded
    FROM mentions
    WHERE organisation = {organisation:String} AND (published_at, id) IN (SELECT published_at, id FROM wanted)
    ORDER BY published_at DESC, id DESC, seen_at DESC, stored_at DESC
    LIMIT 1 BY published_at, id
)
WHERE /* filter */
ORDER BY published_at DESC, id DESC
