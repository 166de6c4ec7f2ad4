-- What people decided about issues. All are kept; the last one of an issue counts.
CREATE TABLE IF NOT EXISTS verdicts
(
    organisation LowCardinality(String),
    issue        String CODEC(ZSTD),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    verdict      LowCardinality(String),
    reason       String CODEC(ZSTD),
    by           LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (organisation, issue, at, by)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
