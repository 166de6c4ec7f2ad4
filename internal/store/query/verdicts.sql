SELECT issue, at, verdict, reason, by
FROM verdicts FINAL
WHERE organisation = {organisation:String} AND ({issue:String} = '' OR issue = {issue:String})
ORDER BY at DESC
