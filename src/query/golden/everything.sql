SELECT "t"."id" FROM "messages" AS "t" LIMIT ? OFFSET ?
