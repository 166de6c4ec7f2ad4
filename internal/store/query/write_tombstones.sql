-- An id that has no rows gets a tombstone too, of no organisation.
INSERT INTO tombstones (id, organisation, hour)
SELECT id, organisation, toStartOfHour(published_at) FROM mentions WHERE id IN ids
UNION DISTINCT
SELECT id, '', toDateTime(0, 'UTC') FROM ids
