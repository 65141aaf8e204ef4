// Jobs.

import { cheapUsers, get, post, userWithLogin } from '../lib/cases.mjs';

const CRONS = '/api/crons';

export default [
  cheapUsers,
  ...userWithLogin('users', 'ada'),
  ...[['guest', 401], ['ada', 403]].flatMap(([as, status]) => [
    get(`list as ${as}`, CRONS, status, { as }),
    post(`run as ${as}`, `${CRONS}/__pbOTPCleanup__`, status, { as }),
    post(`run what isn't there as ${as}`, `${CRONS}/unknown`, status, { as }),
  ]),
  get('list', CRONS, 200, { as: 'super' }),
  get('list with fields', CRONS, 200, { as: 'super', query: { fields: 'expression' } }),
  ...['__pbDBOptimize__', '__pbMFACleanup__', '__pbOTPCleanup__', '__pbLogsCleanup__'].map((id) =>
    post(`run ${id}`, `${CRONS}/${id}`, 204, { as: 'super' })),
  post('run what isn\'t there', `${CRONS}/unknown`, 404, { as: 'super' }),
];
