-- One row for each (organisation, mention). The newest seen_at of a key wins; until parts are merged, older rows of a
-- key may still be there, so whoever counts reads FINAL. published_at is part of the key and therefore never changes
-- once stored; it is kept to the second, the coarsest that platforms state, so that two routes to one post agree.
--
-- A deletion rewrites the parts that hold the row, so partitions bound what it costs; but a batch of an archive in no
-- order makes a part in each partition, so they must be few. Quarters are the middle. Granules and blocks are small for
-- pages of mentions that lie far apart: such a page reads as many granules as it has rows.
CREATE TABLE IF NOT EXISTS mentions
(
    organisation        LowCardinality(String),
    published_at        DateTime('UTC') CODEC(Delta, ZSTD),
    id                  FixedString(16) CODEC(NONE),
    seen_at             DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    stored_at           DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD),
    date_quality        LowCardinality(String) CODEC(ZSTD),
    source              LowCardinality(String) CODEC(ZSTD),
    kind                LowCardinality(String) CODEC(ZSTD),
    site                LowCardinality(String) CODEC(ZSTD),
    url                 String CODEC(ZSTD(3)),
    title               String CODEC(ZSTD(3)),
    text                String CODEC(ZSTD(3)),
    author              UInt64 CODEC(ZSTD),
    lang                LowCardinality(String) CODEC(ZSTD),
    sentiment           LowCardinality(String) CODEC(ZSTD),
    negative            UInt16 CODEC(ZSTD),  -- probabilities count ten-thousandths
    positive            UInt16 CODEC(ZSTD),  -- neutral is what is left
    concerns            Array(LowCardinality(String)) CODEC(ZSTD),
    severity            UInt8 CODEC(ZSTD),
    abuse               UInt16 CODEC(ZSTD),
    copy_group          UInt64 CODEC(ZSTD),
    pipeline            LowCardinality(String) CODEC(ZSTD),
    details             String CODEC(ZSTD(3)),  -- what is only shown, packed: a column costs every read and write

    -- What is searched: lower case, with the signs that the tokenizer takes for letters made blank. It splits at ASCII
    -- signs by itself and leaves all other characters whole, as umlauts need it. The blanks are written out: the index is
    -- used only where its expression is that of the query, and a call that makes a constant is folded in the query alone.
    folded              String ALIAS translateUTF8(lowerUTF8(concat(title, ' ', text)), '“”„‟‘’‚‛«»‹›–—‐‑‒―…·•†‡′″¡¿¶§©®™° ­​‍  ️、。，！？：；（）「」😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔😕😖😗😘😙😚😛😜😝😞😟😠😡😢😣😤😥😦😧😨😩😪😫😬😭😮😯😰😱😲😳😴😵😶😷😸😹😺😻😼😽😾😿🙀🙁🙂🙃🙄🙅🙆🙇🙈🙉🙊🙋🙌🙍🙎🙏❤♥★☆✅❌❗❓⚠☹☺👍👎👏💪👀🔥💔💙💜💚💯🎉🤔🤗🤣🤡🤦🤷🤬🤮🥰🥲🥺🚑🏥👇👉👆🚨➡', '                                                                                                                                                                            '),

    INDEX words translateUTF8(lowerUTF8(concat(title, ' ', text)), '“”„‟‘’‚‛«»‹›–—‐‑‒―…·•†‡′″¡¿¶§©®™° ­​‍  ️、。，！？：；（）「」😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔😕😖😗😘😙😚😛😜😝😞😟😠😡😢😣😤😥😦😧😨😩😪😫😬😭😮😯😰😱😲😳😴😵😶😷😸😹😺😻😼😽😾😿🙀🙁🙂🙃🙄🙅🙆🙇🙈🙉🙊🙋🙌🙍🙎🙏❤♥★☆✅❌❗❓⚠☹☺👍👎👏💪👀🔥💔💙💜💚💯🎉🤔🤗🤣🤡🤦🤷🤬🤮🥰🥲🥺🚑🏥👇👉👆🚨➡', '                                                                                                                                                                            ')
        TYPE text(tokenizer = 'splitByNonAlpha', posting_list_codec = 'bitpacking'),
    INDEX ids id TYPE bloom_filter(0.01) GRANULARITY 8,
    INDEX copies copy_group TYPE bloom_filter(0.001) GRANULARITY 2,
    INDEX arrivals stored_at TYPE minmax GRANULARITY 2
)
ENGINE = ReplacingMergeTree(seen_at)
PARTITION BY toStartOfQuarter(published_at)
ORDER BY (organisation, published_at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000,
    index_granularity = 1024, min_compress_block_size = 16384, old_parts_lifetime = 30
