SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."text" = "t"."author" LIMIT ? OFFSET ?
