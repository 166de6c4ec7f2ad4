-- Observations of sources: delivered again, they replace themselves.
CREATE TABLE IF NOT EXISTS health
(
    source       LowCardinality(String),
    kind         LowCardinality(String),
    name         LowCardinality(String),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    state        LowCardinality(String),
    reason       String CODEC(ZSTD),
    posts        UInt32,
    mentions     UInt32,
    expected     Float32,
    latency_us   UInt64,
    last_post_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
ORDER BY (source, at)
TTL toDateTime(at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
