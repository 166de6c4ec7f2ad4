-- Frozen bundles by the SHA-256 of their bytes.
CREATE TABLE IF NOT EXISTS evidence
(
    address      String CODEC(NONE),
    organisation LowCardinality(String),
    issue        String CODEC(ZSTD),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    body         String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
ORDER BY address
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 64
