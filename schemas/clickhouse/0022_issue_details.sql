-- The rest of what an issue shows, as JSON: kept for every transition, and once for the latest state, whose moment is 0.
-- Posts stand in it by id alone: their texts are read from the mentions, so that what is deleted there is gone here.
CREATE TABLE IF NOT EXISTS issue_details
(
    organisation LowCardinality(String),
    id           String CODEC(ZSTD),
    moment       DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    detail       String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (organisation, id, moment)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
