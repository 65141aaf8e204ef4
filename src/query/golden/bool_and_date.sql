SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."pinned" = ? AND "t"."at" >= ? LIMIT ? OFFSET ?
