SELECT DISTINCT id FROM tombstones WHERE id IN ids
