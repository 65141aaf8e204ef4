SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."author" = ? LIMIT ? OFFSET ?
