SELECT detail
FROM issue_details
WHERE organisation = {organisation:String} AND id = {id:String} AND at <= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
ORDER BY at DESC
LIMIT 1
