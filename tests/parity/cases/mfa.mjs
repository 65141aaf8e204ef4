// Two methods of one collection: a password and a one-time code, in any order. Reference: auth reference 3.1. The codes
// are rows that the superuser has made, so that both servers know them without mail.

import { cheapPassword, collection, del, field, get, login, patch, post, record, records } from '../lib/cases.mjs';
import { SUPERUSER } from '../lib/server.mjs';

const auth = (action, target = 'members') => `/api/collections/${target}/${action}`;
const person = (name, more = {}) => record('members', name, { email: `${name}@example.com`, password: 'password-1', passwordConfirm: 'password-1', verified: true, ...more });
const code = (name, who) => record('_otps', name, { collectionRef: '{{c:members}}', recordRef: `{{${who}}}`, password: '12345678' });
const first = (name, who, saveAs) => post(`${name}: first step`, auth('auth-with-password'), 401, { body: { identity: `${who}@example.com`, password: 'password-1' }, save: { [saveAs]: 'mfaId' } });
const byPassword = (name, who, status, mfaId, rest = {}) => post(name, auth('auth-with-password'), status, { body: { identity: `${who}@example.com`, password: 'password-1', mfaId }, ...rest });
const byCode = (name, otp, status, mfaId, rest = {}) => post(name, auth('auth-with-otp'), status, { body: { otpId: `{{${otp}}}`, password: '12345678', mfaId }, ...rest });
const list = (name, rest = {}) => get(`rows ${name}`, records('_mfas'), 200, { as: 'super', query: { sort: 'created,id' }, ...rest });

const world = [
  collection('members', {
    type: 'auth', fields: [cheapPassword, field.text('level')], listRule: '', viewRule: '', authAlert: { enabled: false },
    otp: { enabled: true, duration: 300 }, mfa: { enabled: true, duration: 300 },
  }),
  person('ann', { level: 'high' }), person('ben'), person('cat'),
  // Five tries of one account are the bound.
  ...[1, 2, 3, 4, 5].map((n) => code(`otp${n}`, 'ann')), code('otp6', 'cat'), code('otp7', 'ben'),
];

const passwordFirst = [
  get('auth-methods', auth('auth-methods'), 200),
  first('password first', 'ann', 'mfa1'), list('after a first step'),
  byPassword('the same method again', 'ann', 400, '{{mfa1}}'), list('are kept after that'),
  byPassword('another account', 'ben', 400, '{{mfa1}}'), byPassword('unknown id', 'ann', 400, 'missing00000000'), byPassword('odd id', 'ann', 400, "' or 1=1"),
  post('wrong password with an id', auth('auth-with-password'), 400, { body: { identity: 'ann@example.com', password: 'x', mfaId: '{{mfa1}}' } }),
  byCode('a code of another account', 'otp7', 400, '{{mfa1}}'),
  byCode('another method', 'otp1', 200, '{{mfa1}}'), list('after the second step'), byCode('once more', 'otp2', 400, '{{mfa1}}'),
];

const otherWays = [
  post('code first', auth('auth-with-otp'), 401, { body: { otpId: '{{otp3}}', password: '12345678' }, save: { mfa2: 'mfaId' } }),
  byPassword('then the password, id in the body', 'ann', 200, '{{mfa2}}'),
  first('id in the query', 'ann', 'mfa3'), byCode('id in the query', 'otp4', 200, undefined, { query: { mfaId: '{{mfa3}}' } }),
  first('the query wins', 'ann', 'mfa4'), byCode('the query wins', 'otp5', 200, 'missing00000000', { query: { mfaId: '{{mfa4}}' } }),
  byPassword('an empty id', 'ben', 401, ''), byPassword('an id that is null', 'ben', 401, null),
  first('as a form', 'cat', 'mfa5'),
  post('as a form: second step', auth('auth-with-otp'), 200, { urlencoded: [['otpId', '{{otp6}}'], ['password', '12345678'], ['mfaId', '{{mfa5}}']], save: { 'token of cat': 'token' } }),
];

const around = [
  post('refresh asks for nothing', auth('auth-refresh'), 200, { as: 'cat' }),
  first('own rows', 'cat', 'mfa6'), first('rows of others', 'ann', 'mfa10'), list('as their owner', { as: 'cat' }), list('as a guest', { as: 'guest' }),
  post('fields do not change a 401', auth('auth-with-password'), 401, { body: { identity: 'ann@example.com', password: 'password-1' }, query: { fields: 'token' } }),
  patch('a new password ends them', records('members', '{{ann}}'), 200, { as: 'super', body: { password: 'password-1', passwordConfirm: 'password-1' } }), list('after a new password'),
  first('before the end', 'cat', 'mfa7'), del('the end of an account', records('members', '{{cat}}'), 204, { as: 'super' }), list('after the end of an account'),
  record('_mfas', 'made', { collectionRef: '{{c:members}}', recordRef: '{{ben}}', method: 'otp' }), byPassword('a row that a superuser made', 'ben', 200, '{{made}}'),
];

const rule = [
  patch('with a rule', '/api/collections/members', 200, { as: 'super', body: { mfa: { rule: "level = 'high'" } } }),
  byPassword('who need not', 'ben', 200, undefined), byPassword('who need not, with any id', 'ben', 200, 'missing00000000'), first('who must', 'ann', 'mfa8'),
  patch('switched off', '/api/collections/members', 200, { as: 'super', body: { mfa: { enabled: false } } }), byPassword('off', 'ann', 200, undefined), byPassword('off, with an id', 'ann', 200, '{{mfa8}}'),
];

const superusers = [
  patch('codes for superusers', '/api/collections/_superusers', 200, { as: 'super', body: { otp: { enabled: true } } }),
  get('auth-methods of superusers', auth('auth-methods', '_superusers'), 200),
  post('superusers need two methods', auth('auth-with-password', '_superusers'), 401, { body: { identity: SUPERUSER.email, password: SUPERUSER.password }, save: { mfa9: 'mfaId' } }),
  patch('codes for superusers off', '/api/collections/_superusers', 200, { as: 'super', body: { otp: { enabled: false }, mfa: { enabled: false } } }), login('_superusers', 'again', SUPERUSER.email, SUPERUSER.password),
];

export default [...world, ...passwordFirst, ...otherWays, ...around, ...rule, ...superusers];
