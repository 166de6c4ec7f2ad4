-- One row for each (organisation, mention). The newest seen_at of a key wins; until parts are merged, older rows of a
-- key may still be there, so whoever counts reads FINAL. published_at is part of the key and therefore never changes
-- once stored; it is kept to the second, the coarsest that platforms state, so that two routes to one post agree.
CREATE TABLE IF NOT EXISTS mentions
(
    organisation        LowCardinality(String),
    published_at        DateTime('UTC') CODEC(Delta, ZSTD),
    id                  FixedString(16) CODEC(NONE),
    seen_at             DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    stored_at           DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD),
    date_quality        LowCardinality(String),
    source              LowCardinality(String),
    kind                LowCardinality(String),
    site                LowCardinality(String),
    url                 String CODEC(ZSTD(3)),
    title               String CODEC(ZSTD(3)),
    text                String CODEC(ZSTD(3)),
    declared_lang       LowCardinality(String),
    author              UInt64 CODEC(ZSTD),
    repost_of           String CODEC(ZSTD),
    hit_terms           Array(LowCardinality(String)) CODEC(ZSTD),
    hit_in_title        Array(Bool) CODEC(ZSTD),
    hit_starts          Array(UInt32) CODEC(ZSTD),
    hit_ends            Array(UInt32) CODEC(ZSTD),
    redaction_kinds     Array(LowCardinality(String)) CODEC(ZSTD),
    redaction_in_title  Array(Bool) CODEC(ZSTD),
    redaction_starts    Array(UInt32) CODEC(ZSTD),
    redaction_ends      Array(UInt32) CODEC(ZSTD),
    lang                LowCardinality(String),
    lang_confidence     UInt16 CODEC(ZSTD),  -- probabilities count ten-thousandths
    sentiment           LowCardinality(String),
    negative            UInt16 CODEC(ZSTD),
    positive            UInt16 CODEC(ZSTD),  -- neutral is what is left
    reason_terms        Array(LowCardinality(String)) CODEC(ZSTD),
    reason_weights      Array(Int16) CODEC(ZSTD),  -- weights count hundredths
    concerns            Array(LowCardinality(String)) CODEC(ZSTD),
    concern_frameworks  Array(LowCardinality(String)) CODEC(ZSTD),
    concern_probs       Array(UInt16) CODEC(ZSTD),
    concern_reasons     Array(UInt8) CODEC(ZSTD),  -- how many of concern_terms belong to each concern
    concern_terms       Array(LowCardinality(String)) CODEC(ZSTD),
    concern_weights     Array(Int16) CODEC(ZSTD),
    severity            UInt8 CODEC(ZSTD),
    abuse               UInt16 CODEC(ZSTD),
    abuse_target        LowCardinality(String),
    copy_group          UInt64 CODEC(ZSTD),
    pipeline            LowCardinality(String),

    -- What is searched: lower case, with the signs that the tokenizer takes for letters made blank. It splits at ASCII
    -- signs by itself and leaves all other characters whole, as umlauts need it.
    folded              String ALIAS translateUTF8(lowerUTF8(concat(title, ' ', text)), '“”„‟‘’‚‛«»‹›–—‐‑‒―…·•†‡′″¡¿¶§©®™° ­​‍  ️、。，！？：；（）「」😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔😕😖😗😘😙😚😛😜😝😞😟😠😡😢😣😤😥😦😧😨😩😪😫😬😭😮😯😰😱😲😳😴😵😶😷😸😹😺😻😼😽😾😿🙀🙁🙂🙃🙄🙅🙆🙇🙈🙉🙊🙋🙌🙍🙎🙏❤♥★☆✅❌❗❓⚠☹☺👍👎👏💪👀🔥💔💙💜💚💯🎉🤔🤗🤣🤡🤦🤷🤬🤮🥰🥲🥺🚑🏥👇👉👆🚨➡', repeat(' ', 172)),

    INDEX words translateUTF8(lowerUTF8(concat(title, ' ', text)), '“”„‟‘’‚‛«»‹›–—‐‑‒―…·•†‡′″¡¿¶§©®™° ­​‍  ️、。，！？：；（）「」😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔😕😖😗😘😙😚😛😜😝😞😟😠😡😢😣😤😥😦😧😨😩😪😫😬😭😮😯😰😱😲😳😴😵😶😷😸😹😺😻😼😽😾😿🙀🙁🙂🙃🙄🙅🙆🙇🙈🙉🙊🙋🙌🙍🙎🙏❤♥★☆✅❌❗❓⚠☹☺👍👎👏💪👀🔥💔💙💜💚💯🎉🤔🤗🤣🤡🤦🤷🤬🤮🥰🥲🥺🚑🏥👇👉👆🚨➡', repeat(' ', 172))
        TYPE text(tokenizer = 'splitByNonAlpha'),
    INDEX ids id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX copies copy_group TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX arrivals stored_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(seen_at)
PARTITION BY toYYYYMM(published_at)
ORDER BY (organisation, published_at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000,
    index_granularity = 2048, old_parts_lifetime = 30
