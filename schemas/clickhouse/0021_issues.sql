-- What was known of each issue at each tick that changed it. The rows are the history: nothing in them is overwritten by
-- later knowledge, so a past state can be asked for.
CREATE TABLE IF NOT EXISTS issues
(
    organisation LowCardinality(String),
    id           String CODEC(ZSTD),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    state        LowCardinality(String),
    tier         LowCardinality(String),
    transition   Bool,
    written      DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD),
    name         String CODEC(ZSTD),
    since        DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    posts        UInt32 CODEC(ZSTD),
    observed     Float64 CODEC(ZSTD),
    expected     Float64 CODEC(ZSTD),
    p            Float64 CODEC(ZSTD),
    evidence     String CODEC(ZSTD)
)
ENGINE = ReplacingMergeTree(written)
ORDER BY (organisation, id, at, state, tier, transition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
