SELECT "t"."id" FROM "messages" AS "t" WHERE ((? AND ("t"."text" IS NOT ?))) = ? AND ? = ? LIMIT ? OFFSET ?
