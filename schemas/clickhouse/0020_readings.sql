-- The barometer over time. A tick that is computed again gives the same readings and replaces its own rows.
CREATE TABLE IF NOT EXISTS readings
(
    organisation LowCardinality(String),
    scope        LowCardinality(String),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    written      DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD),
    pressure     Float64 CODEC(ZSTD),
    low          Float64 CODEC(ZSTD),
    high         Float64 CODEC(ZSTD),
    tendency     LowCardinality(String),
    word         LowCardinality(String),
    provisional  Bool,
    blind        Bool,
    coverage     Float64 CODEC(ZSTD),
    posts        UInt32 CODEC(ZSTD),
    negative     UInt32 CODEC(ZSTD),
    severe       UInt32 CODEC(ZSTD),
    expected     Float64 CODEC(ZSTD),
    days         UInt16 CODEC(ZSTD)
)
ENGINE = ReplacingMergeTree(written)
ORDER BY (organisation, scope, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
