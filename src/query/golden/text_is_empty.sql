SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."text" = ('') AND "t"."author" <> ('') LIMIT ? OFFSET ?
