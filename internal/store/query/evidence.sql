SELECT organisation, issue, at, body FROM evidence WHERE address = {address:String} LIMIT 1
