SELECT "t"."id", "t"."id" FROM "totals" AS "t" WHERE "t"."id" > ? ORDER BY "t"."id" ASC LIMIT ? OFFSET ?
