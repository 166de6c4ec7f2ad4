-- The hours whose rows have changed, stamped by the server's clock after the change was durable.
CREATE TABLE IF NOT EXISTS touched
(
    organisation LowCardinality(String),
    hour         DateTime('UTC') CODEC(Delta, ZSTD),
    touched_at   DateTime64(6, 'UTC') DEFAULT now64(6) CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree(touched_at)
ORDER BY (organisation, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
