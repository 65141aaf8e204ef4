SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."text" = ? OR ("t"."text" = ? AND ("t"."score" = ? OR "t"."score" = ?)) LIMIT ? OFFSET ?
