SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."pinned" = ? AND "t"."text" = ? LIMIT ? OFFSET ?
