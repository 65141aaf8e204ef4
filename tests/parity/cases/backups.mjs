// Backups: names, the list, who may do what, how one is fetched and sent. Reference: 5.7.
//
// What is in an archive is each program's own, so sizes and bytes aren't compared. Restoring is left to the tests of each
// program: it would start the servers anew in the middle of the cases.

import { del, get, post, userWithLogin } from '../lib/cases.mjs';

const at = (name, rest = '') => `/api/backups/${name}${rest}`;
const make = (name, body, status, rest = {}) => post(name, '/api/backups', status, { as: 'super', ...(body && { body }), ...rest });
const send = (name, form, status) => post(name, '/api/backups/upload', status, { as: 'super', form });
const names = (name) => get(name, '/api/backups', 200, { as: 'super', query: { fields: 'key' } });
/** The smallest archive that is one. */
const ZIP = Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex');
const file = (name, bytes = ZIP) => ['file', { file: name, type: 'application/zip', bytes }];

const given = [
  ['plain', 'a.zip', 204], ['every letter', 'a-1_b.zip', 204], ['taken', 'a.zip', 400], ['capitals', 'A.zip', 400],
  ['spaces', 'a b.zip', 400], ['no extension', 'a', 400], ['another extension', 'a.tar', 400], ['extension only', '.zip', 400],
  ['two dots', 'a.b.zip', 400], ['a way up', '../a.zip', 400], ['the mark of scheduled ones', '@auto_a.zip', 400],
  ['a letter with an accent', 'é.zip', 400], ['150 characters', `${'x'.repeat(146)}.zip`, 204],
  ['151 characters', `${'x'.repeat(147)}.zip`, 400], ['151 that are also wrong', `${'X'.repeat(147)}.zip`, 400],
  ['a number', 5, 400], ['a list', ['a.zip'], 400],
].map(([what, name, status]) => make(`name: ${what}`, { name }, status));

export default [
  ...userWithLogin('users', 'user'),
  names('the list when there are none'),
  get('the list as guest', '/api/backups', 401),
  get('the list as user', '/api/backups', 403, { as: 'user' }),
  post('make one as guest', '/api/backups', 401, { body: { name: 'guest.zip' } }),
  post('make one as user', '/api/backups', 403, { as: 'user', body: { name: 'user.zip' } }),
  ...given,
  names('the list after those'),
  get('the whole list', '/api/backups', 200, { as: 'super' }),
  make('malformed body', undefined, 400, { raw: '{', type: 'application/json' }),
  make('by a form', undefined, 204, { form: [['name', 'form.zip']] }),

  send('send one', [file('sent.zip')], 204),
  send('send one that is there', [file('sent.zip')], 400),
  send('send one with any name', [file('Sent B.txt')], 204),
  send('send one as scheduled ones are called', [file('@auto_sent.zip')], 204),
  send('send something else', [file('else.zip', 'hello')], 400),
  send('send nothing', [['other', 'x']], 400),
  send('send it under another key', [['other', { file: 'o.zip', type: 'application/zip', bytes: ZIP }]], 400),
  post('send one as guest', '/api/backups/upload', 401, { form: [file('guest.zip')] }),
  post('send one as user', '/api/backups/upload', 403, { as: 'user', form: [file('user.zip')] }),
  names('the list after sending'),

  post('a token of a superuser', '/api/files/token', 200, { as: 'super', save: { token: 'token' } }),
  post('a token of a user', '/api/files/token', 200, { as: 'user', save: { userToken: 'token' } }),
  get('fetch one without a token', at('sent.zip'), 403, { as: 'super' }),
  get('fetch one with an empty token', at('sent.zip', '?token='), 403),
  get('fetch one with nonsense', at('sent.zip', '?token=x'), 403),
  get("fetch one with a user's token", at('sent.zip'), 403, { query: { token: '{{userToken}}' } }),
  get('fetch one that is missing', at('missing.zip'), 404, { query: { token: '{{token}}' } }),
  get('fetch one that is missing without a token', at('missing.zip'), 403),
  get('fetch one', at('sent.zip'), 200, { file: true, query: { token: '{{token}}' } }),
  get('fetch one by an escaped name', at('%40auto_sent.zip'), 200, { file: true, query: { token: '{{token}}' } }),

  post('restore one that is missing', at('missing.zip', '/restore'), 400, { as: 'super' }),
  post('restore one as guest', at('sent.zip', '/restore'), 401),
  post('restore one as user', at('sent.zip', '/restore'), 403, { as: 'user' }),
  del('delete one as guest', at('sent.zip'), 401),
  del('delete one as user', at('sent.zip'), 403, { as: 'user' }),
  del('delete one that is missing', at('missing.zip'), 400, { as: 'super' }),
  del('delete one', at('sent.zip'), 204, { as: 'super' }),
  del('delete it again', at('sent.zip'), 400, { as: 'super' }),
  del('delete one by an escaped name', at('%40auto_sent.zip'), 204, { as: 'super' }),
  names('the list after deleting'),
];
