// Signing in with other services, against a provider that this file starts. Reference: auth reference 1.3, 1.5, 1.6, 3.5.

import { cheapPassword, cheapUsers, collection, get, patch, post, record, records, login } from '../lib/cases.mjs';
import { startFakeProvider } from '../../sdk/lib/fake_provider.mjs';

const provider = await startFakeProvider();
const auth = (action, target = 'users') => `/api/collections/${target}/${action}`;
const enter = (name, status, body, { target, ...rest } = {}) =>
  post(`oauth2: ${name}`, auth('auth-with-oauth2', target), status, { body: { provider: 'oidc', redirectURL: 'http://x.example/back', codeVerifier: 'v'.repeat(43), ...body }, anyKeyOrder: true, ...rest });
const configure = (name, status, oauth2, target = 'users') => patch(`configure: ${name}`, `/api/collections/${target}`, status, { as: 'super', body: { oauth2 } });
/** An address as it must be, with what is random in it left out. */
const address = (text) => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`.replace('CHALLENGE', '[\\w-]{43}').replace('STATE', '[A-Za-z0-9]{30}'));
const PKCE = 'code_challenge=CHALLENGE&code_challenge_method=S256';
const ADDRESSES = [
  `${provider.url}/authorize?client_id=holdall&${PKCE}&response_type=code&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.profile+https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email&state=STATE&redirect_uri=`,
  `${provider.url}/authorize?client_id=holdall&response_type=code&state=STATE&redirect_uri=`,
  `https://x.example/?z=1&a=b&client_id=holdall&${PKCE}&response_type=code&scope=read%3Auser+user%3Aemail&state=STATE&redirect_uri=`,
  `https://appleid.apple.com/auth/authorize?client_id=holdall&${PKCE}&response_mode=form_post&response_type=code&scope=name+email&state=STATE&redirect_uri=`,
].map(address);
/** The mask for what is random in auth-methods. */
const random = Object.fromEntries(['oauth2.providers', 'authProviders'].flatMap((list) => ADDRESSES.flatMap((url, at) => [
  [`${list}.${at}.state`, /^[A-Za-z0-9]{30}$/], [`${list}.${at}.authURL`, url], [`${list}.${at}.authUrl`, url], [`${list}.${at}.codeVerifier`, at === 1 ? /^$/ : /^[A-Za-z0-9]{43}$/], [`${list}.${at}.codeChallenge`, at === 1 ? /^$/ : /^[\w-]{43}$/],
])));
const person = (sub, more = {}) => ({ sub, name: `Name of ${sub}`, preferred_username: `user-${sub}`, picture: 'http://x.example/p.png', email: `${sub}@example.com`, email_verified: true, ...more });
const as = (user, more = {}) => ({ code: provider.code({ user, claims: null, ...more }) });

const OTHER = { enabled: true, providers: [{ ...provider.settings('google'), extra: null }], mappedFields: {} };
const setUp = [
  cheapUsers,
  get('methods: off', auth('auth-methods'), 200),
  enter('off', 403, { code: 'x' }),
  configure('on without providers', 200, { enabled: true, providers: [] }),
  get('methods: on without providers', auth('auth-methods'), 200),
  configure('nameless', 400, { enabled: true, providers: [{}] }), configure('unknown', 400, { enabled: true, providers: [{ name: 'nope', clientId: 'a', clientSecret: 'b' }] }),
  configure('without client', 400, { enabled: true, providers: [{ name: 'google' }] }), configure('addresses that are none', 400, { enabled: true, providers: [{ name: 'google', clientId: 'a', clientSecret: 'b', authURL: 'x', tokenURL: 'ftp:', userInfoURL: 'http://' }] }),
  configure('twice', 400, { enabled: true, providers: [provider.settings('oidc'), provider.settings('oidc')] }), configure('anything goes while it is off', 200, { enabled: false, providers: [{ name: 'nope' }] }),
  configure('several', 200, { enabled: true, mappedFields: { name: 'name', avatarURL: '' }, providers: [provider.settings('google'), provider.settings('notion', { pkce: false, displayName: 'Notes' }), provider.settings('github', { authURL: 'https://x.example/?z=1&a=b' }), { ...provider.settings('apple'), authURL: '', tokenURL: '', userInfoURL: '' }] }),
  get('methods: several', auth('auth-methods'), 200, { mask: random }),
  configure('oidc', 200, { providers: [provider.settings('oidc')] }),
  get('methods: oidc', auth('auth-methods'), 200, { mask: { ...random, ...Object.fromEntries(['oauth2.providers', 'authProviders'].flatMap((list) => ['authURL', 'authUrl'].map((key) => [`${list}.0.${key}`, address(`${provider.url}/authorize?client_id=holdall&${PKCE}&response_type=code&scope=openid+email+profile&state=STATE&redirect_uri=`)]))) } }),
  configure('only oidc', 200, { enabled: true, mappedFields: { name: 'name', avatarURL: '' }, providers: [provider.settings('oidc')] }),
];

const forms = [
  enter('nothing', 400, { provider: undefined, redirectURL: undefined, codeVerifier: undefined }), enter('empty texts', 400, { provider: '', code: '' }), enter('no code', 400, {}), enter('unknown provider', 400, { provider: 'nope', code: 'x' }), enter('provider that is not configured', 400, { provider: 'google', code: 'x' }),
  enter('long provider', 400, { provider: 'p'.repeat(101), code: 'x' }), enter('createData that is no object', 400, { code: 'x', createData: 'x' }), enter('a number as code', 400, { code: 5 }), enter('unknown code', 400, { code: 'nope' }),
  enter('base collection', 404, { code: 'x' }, { target: '_mfas' }), enter('missing collection', 404, { code: 'x' }, { target: 'missing' }), enter('superusers', 403, { code: 'x' }, { target: '_superusers' }),
  post('oauth2: not JSON', auth('auth-with-oauth2'), 400, { raw: '{', type: 'application/json' }), get('oauth2: by GET', auth('auth-with-oauth2'), 404),
];

const ada = as(person('ada'));
const people = [
  enter('a new account', 200, ada, { save: { ada: 'record.id', 'token of ada': 'token' } }), enter('the same again', 200, ada), enter('keys in other letter case', 200, { Code: ada.code }), enter('with fields and expand', 200, ada, { query: { fields: 'meta.isNew,record.email', expand: 'x' } }),
  get('her links', records('_externalAuths'), 200, { as: 'ada' }), get('links as guest', records('_externalAuths'), 200),
  enter('unverified address where one is required', 400, as(person('bob', { email_verified: false }))), enter('no address where one is required', 400, as(person('eve', { email: undefined }))), enter('flag as text', 200, as(person('dan', { email_verified: 'true' }))), enter('flag as number', 200, as(person('dora', { email_verified: 1 }))), 
  enter('a number as subject', 400, as(person('x', { sub: '' }))), enter('no subject', 400, as(person('x', { sub: undefined }))), 
  enter('with createData', 200, { ...as(person('fay')), createData: { name: 'Faye', emailVisibility: true } }), enter('with createData again', 200, { ...as(person('fay')), createData: { name: 'Nobody' } }),
  enter('createData with another address', 200, { ...as(person('gil')), createData: { email: 'other@example.com' } }), enter('createData with an address that is taken', 400, { ...as(person('hal')), createData: { email: 'ada@example.com' } }), enter('createData verified', 400, { ...as(person('ivy')), createData: { verified: true } }),
  enter('createData with a password', 200, { ...as(person('jo')), createData: { password: 'password-1', passwordConfirm: 'password-1' } }), login('users', 'jo', 'jo@example.com', 'password-1'), enter('createData with half a password', 400, { ...as(person('kim')), createData: { password: 'password-1' } }), enter('createData null', 200, { ...as(person('leo')), createData: null }),
  enter('tokens with an end', 200, as(person('mia'), { tokens: { refresh_token: undefined } })),
];

const LOOSE = { target: 'loose' };
const without = [
  collection('loose', { type: 'auth', createRule: '', fields: [cheapPassword, { name: 'email', type: 'email', required: false }], oauth2: { enabled: true, providers: [provider.settings('oidc')] } }),
  record('loose', 'zoe', { email: 'zoe@example.com', verified: true, password: 'password-1', passwordConfirm: 'password-1' }),
  enter('unverified address', 200, as(person('bob', { email_verified: false })), LOOSE), enter('no flag', 200, as(person('cid', { email_verified: undefined })), LOOSE), enter('flag as text, false', 200, as(person('dirk', { email_verified: 'false' })), LOOSE), enter('no address', 200, as(person('eve', { email: undefined })), LOOSE),
  enter('an unverified address opens no account', 200, as(person('mallory', { email: 'zoe@example.com', email_verified: false })), LOOSE), enter('no flag opens no account', 200, as(person('mallet', { email: 'zoe@example.com', email_verified: undefined })), LOOSE), enter('a name that looks like an address opens none', 200, as(person('upn', { email: undefined, preferred_username: 'zoe@example.com', upn: 'zoe@example.com' })), LOOSE),
  enter('an address that came later', 200, as(person('eve', { email: 'eve@example.com' })), LOOSE), enter('createData with an address of one who has none', 200, { ...as(person('nemo', { email: undefined })), createData: { email: 'nemo@example.com' } }, LOOSE),
];

const linking = [
  record('users', 'nat', { email: 'nat@example.com', verified: true, password: 'password-1', passwordConfirm: 'password-1' }), login('users', 'nat', 'nat@example.com', 'password-1'),
  enter('a verified account by its address', 200, as(person('nat'))), get('her token works', records('users', '{{nat}}'), 200, { as: 'nat' }), login('users', 'nat2', 'nat@example.com', 'password-1'),
  record('users', 'olga', { email: 'olga@example.com', password: 'password-1', passwordConfirm: 'password-1' }), login('users', 'olga', 'olga@example.com', 'password-1'),
  enter('an unverified account by its address', 200, as(person('olga'))), post('her token is void', auth('auth-refresh'), 401, { as: 'olga' }), post('her password is void', auth('auth-with-password'), 400, { body: { identity: 'olga@example.com', password: 'password-1' } }),
  record('users', 'pia', { email: 'pia@example.com', password: 'password-1', passwordConfirm: 'password-1' }), login('users', 'pia', 'pia@example.com', 'password-1'),
  enter('signed in, unverified, same address', 200, as(person('pia')), { as: 'pia' }), login('users', 'pia2', 'pia@example.com', 'password-1'),
  record('users', 'quy', { email: 'quy@example.com', password: 'password-1', passwordConfirm: 'password-1' }), login('users', 'quy', 'quy@example.com', 'password-1'),
  enter('signed in, unverified, other address', 200, as(person('elsewhere')), { as: 'quy' }), enter('and again as guest', 200, as(person('elsewhere'))), post('then the password is void', auth('auth-with-password'), 400, { body: { identity: 'quy@example.com', password: 'password-1' } }),
  record('users', 'rob', { email: 'rob@example.com', verified: true, password: 'password-1', passwordConfirm: 'password-1' }), login('users', 'rob', 'rob@example.com', 'password-1'),
  enter('signed in as somebody else than is linked', 200, ada, { as: 'rob' }), enter('in capitals', 200, as(person('rob2', { email: 'ROB@example.com' }))),
  enter('an address that changed at the provider', 200, as(person('nat', { email: 'rob@example.com' }))),
];

const rules = [
  collection('closed', { type: 'auth', createRule: null, fields: [cheapPassword], oauth2: { enabled: true, providers: [provider.settings('oidc')] } }),
  collection('ruled', { type: 'auth', createRule: '@request.context = "oauth2" && @request.body.nick = "yes"', authRule: 'nick != "banned"', fields: [cheapPassword, { name: 'nick', type: 'text' }, { name: 'who', type: 'text' }, { name: 'login', type: 'text', max: 9 }, { name: 'face', type: 'url' }], indexes: ['CREATE UNIQUE INDEX `idx_login` ON `ruled` (`login` COLLATE NOCASE) WHERE `login` != \'\''],
    oauth2: { enabled: true, mappedFields: { id: 'who', name: 'nick', username: 'login', avatarURL: 'face' }, providers: [provider.settings('oidc')] } }),
  enter('nobody may sign up', 403, as(person('x')), { target: 'closed' }),
  enter('createRule does not hold', 400, { ...as(person('x')), createData: { nick: 'no' } }, { target: 'ruled' }),
  enter('mapped fields', 200, { ...as(person('sue')), createData: { nick: 'yes' } }, { target: 'ruled' }), enter('a username that is taken', 200, { ...as(person('tom', { preferred_username: 'USER-sue' })), createData: { nick: 'yes' } }, { target: 'ruled' }), enter('a username that does not fit', 200, { ...as(person('ute', { preferred_username: 'much too long' })), createData: { nick: 'yes' } }, { target: 'ruled' }), enter('submitted fields win', 200, { ...as(person('udo')), createData: { nick: 'yes', login: 'mine', who: '', face: 'https://y.example/' } }, { target: 'ruled' }),
  record('ruled', 'vic', { email: 'vic@example.com', nick: 'banned', verified: true, password: 'password-1', passwordConfirm: 'password-1' }), enter('authRule does not hold', 403, as(person('vic')), { target: 'ruled' }),
];

const tokens = [
  configure('the id_token only', 200, { providers: [provider.settings('oidc', { userInfoURL: '', extra: { jwksURL: `${provider.url}/jwks`, issuers: [provider.url] } })] }),
  ...[
    ['RS256', 200, {}, {}], ['EdDSA', 200, {}, { alg: 'EdDSA' }], ['expired a minute ago', 400, { exp: Math.floor(Date.now() / 1000) - 60 }, {}], ['several audiences', 200, { aud: ['holdall', 'other'] }, {}],
    ['another audience', 400, { aud: 'other' }, {}], ['another issuer', 400, { iss: 'https://evil.example' }, {}], ['no issuer', 400, { iss: undefined }, {}], ['expired', 400, { exp: Math.floor(Date.now() / 1000) - 3600 }, {}],
    ['alg none', 400, {}, { alg: 'none' }], ['HS256 by the public key', 400, {}, { alg: 'HS256' }], ["somebody else's key", 400, {}, { alg: 'stranger' }], ['unverified', 400, { email_verified: false }, {}], ['no subject', 400, { sub: undefined }, {}],
  ].map(([name, status, claims, more]) => enter(`id_token: ${name}`, status, as(person(`token ${name}`.replaceAll(/\W/g, '')), { claims, ...more }), { mask: { 'meta.rawUser.exp': /^\d+$/ } })),
];

const redirects = [
  ...['', '?code=x', '?state=nobody&code=x', '?state=nobody&error=denied'].map((query) => get(`redirect: ${query}`, `/api/oauth2-redirect${query}`, 307, { alsoHeaders: ['location'] })),
  post('redirect: by POST', '/api/oauth2-redirect', 303, { urlencoded: [['state', 'nobody'], ['code', 'x']], alsoHeaders: ['location'] }),
];

export default [...setUp, ...forms, ...people, ...without, ...linking, ...rules, ...tokens, ...redirects];
