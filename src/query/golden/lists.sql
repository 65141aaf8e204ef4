SELECT "t"."id" FROM "messages" AS "t" WHERE (+"t"."kinds") = ? AND (coalesce(json_array_length("t"."kinds"), 0)) > ? AND ((coalesce("t"."mood", '') <> '')) = ? AND (+"t"."mood") = ? LIMIT ? OFFSET ?
