// Statements that superusers type. Reference: 5.9. How long they took is nobody's business but the clock's.

import { OPEN, cheapUsers, collection, field, get, post, records, record, userWithLogin } from '../lib/cases.mjs';

const run = (name, query, status, rest = {}) => post(name, '/api/sql', status, { as: 'super', query: { fields: 'affectedRows,columns,rows' }, body: { query }, ...rest });

export default [
  cheapUsers,
  ...userWithLogin('users', 'ada'),
  collection('notes', { ...OPEN, fields: [field.text('title'), field.number('n'), field.bool('done'), field.json('data')] }),
  ...[1, 2, 3].map((n) => record('notes', `note${n}`, { title: `No. ${n}`, n, done: n === 2, data: { n } })),

  run('a guest', 'SELECT 1', 401, { as: 'guest', query: {} }),
  run('an account', 'SELECT 1', 403, { as: 'ada', query: {} }),
  run('nothing', '', 400),
  post('no query', '/api/sql', 400, { as: 'super', body: {} }),
  post('null', '/api/sql', 400, { as: 'super', body: { query: null } }),
  post('a number', '/api/sql', 400, { as: 'super', body: { query: 5 } }),
  run('as long as it may be', `SELECT '${'x'.repeat(4991)}'`, 200),
  run('too long', `SELECT '${'x'.repeat(4992)}'`, 400),
  run('only blanks', '   ', 400),
  run('only a comment', '-- nothing', 200),
  run('wrong syntax', 'SELEC 1', 400),
  run('no such table', 'SELECT * FROM missing', 400),

  run('values of each type', 'SELECT title, n, done, 1 + 1 AS two, 1.5 AS half, NULL AS none, \'\' AS empty FROM notes ORDER BY n', 200),
  run('no rows', 'SELECT title FROM notes WHERE n > 5', 200),
  run('columns of one name', 'SELECT 1 AS a, 2 AS a', 200),
  run('several questions', 'SELECT 1; SELECT 2 AS two', 200),
  run('a semicolon at the end', 'SELECT 1;', 200),
  run('with', 'WITH a AS (SELECT n FROM notes) SELECT max(n) AS most FROM a', 200),
  run('values', 'VALUES (1, 2), (3, 4)', 200),
  run('a pragma that tells something', 'PRAGMA index_list(notes)', 200, { query: { fields: 'affectedRows,columns' } }),
  run('more than a thousand rows', 'WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 1500) SELECT x FROM c', 200),

  run('a change', 'UPDATE notes SET n = n + 10 WHERE n < 3', 200),
  run('a change in small letters', '  insert into notes (id, title) values (\'note40000000000\', \'new\')', 200),
  run('several changes', 'UPDATE notes SET n = 0; DELETE FROM notes WHERE title = \'new\'', 200, { query: { fields: 'columns,rows' } }),
  run('returning', 'DELETE FROM notes WHERE title = \'No. 3\' RETURNING title', 200),
  run('a change that fails later', 'DELETE FROM notes; DELETE FROM missing', 400),
  get('the records afterwards', records('notes'), 200, { query: { sort: 'title', fields: 'id,title,n' } }),
];
