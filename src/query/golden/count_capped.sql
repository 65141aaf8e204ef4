SELECT COUNT(*) FROM (SELECT 1 FROM "messages" AS "t" WHERE "t"."room" = ? LIMIT ?) AS "counted"
