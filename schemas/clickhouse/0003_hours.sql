-- The roll-up of an hour is one row: a rebuild replaces the whole hour or nothing. The arrays are parallel; a cell with
-- an empty concern counts mentions, the others count mentions that have the concern.
CREATE TABLE IF NOT EXISTS hours
(
    organisation LowCardinality(String),
    hour         DateTime('UTC'),
    version      DateTime64(6, 'UTC'),  -- taken before the rows were read
    sources      Array(LowCardinality(String)) CODEC(ZSTD(3)),
    langs        Array(LowCardinality(String)) CODEC(ZSTD(3)),
    sentiments   Array(LowCardinality(String)) CODEC(ZSTD(3)),
    severities   Array(UInt8) CODEC(ZSTD(3)),
    concerns     Array(LowCardinality(String)) CODEC(ZSTD(3)),
    counts       Array(UInt32) CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (organisation, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
