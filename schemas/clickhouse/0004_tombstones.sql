-- What was deleted at its source, for ever: a late delivery must not bring it back. The hours are those that lost rows,
-- written before the rows go, so that a deletion that is interrupted can be finished.
CREATE TABLE IF NOT EXISTS tombstones
(
    id           FixedString(16),
    organisation LowCardinality(String),
    hour         DateTime('UTC'),
    at           DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (id, organisation, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 512
