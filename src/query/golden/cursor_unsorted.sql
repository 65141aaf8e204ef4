SELECT "t"."id", "t"."id" FROM "messages" AS "t" WHERE "t"."id" > ? AND "t"."room" = ? ORDER BY "t"."id" ASC LIMIT ? OFFSET ?
