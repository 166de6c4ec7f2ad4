SELECT DISTINCT organisation, toStartOfHour(published_at) FROM mentions WHERE id IN ids
