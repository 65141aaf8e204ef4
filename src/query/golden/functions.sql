SELECT "t"."id" FROM "messages" AS "t" WHERE geo_distance(json_extract("t"."place", ?), json_extract("t"."place", ?), ?, ?) < ? AND strftime(?, "t"."at") = ? LIMIT ? OFFSET ?
