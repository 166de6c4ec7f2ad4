SELECT DISTINCT organisation, hour FROM tombstones WHERE id IN ids AND organisation != ''
