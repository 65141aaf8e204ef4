SELECT COUNT(*) FROM "messages" AS "t" WHERE "t"."room" = ?
