-- What people say an analysis should have been: the last one for a field of a mention counts.
CREATE TABLE IF NOT EXISTS corrections
(
    organisation LowCardinality(String),
    mention      FixedString(16) CODEC(NONE),
    field        LowCardinality(String),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    value        String CODEC(ZSTD),
    was          String CODEC(ZSTD),
    by           LowCardinality(String)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (organisation, mention, field)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
