ALTER TABLE mentions DELETE WHERE id = toFixedString(unhex({id:String}), 16) AND published_at != {published_at:DateTime('UTC')}
