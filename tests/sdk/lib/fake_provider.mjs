// A service that people can sign in with, for tests: OAuth 2.0, OpenID Connect, and everything that can be wrong with
// them. Nobody has to log in: /authorize sends the browser straight back, as whoever `next` is.
//
// What a code stands for is decided when it is made: `provider.code({ user, claims, … })`. It can be used as often as
// wanted, because the same sign-in goes to two servers in tests/parity.

import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';

/** Our name and password at the provider. */
export const CLIENT = { clientId: 'holdall', clientSecret: 'client secret & more' };

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const KEYS = Object.fromEntries(
  Object.entries({
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    EdDSA: generateKeyPairSync('ed25519'),
  }),
);
const STRANGER = generateKeyPairSync('rsa', { modulusLength: 2048 });

const jwks = () => ({
  keys: Object.entries(KEYS).map(([alg, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' })),
});

/** An id_token. `alg` may also be `none`, `HS256` with the public key as secret, or `stranger` for somebody else's key. */
function idToken(claims, alg = 'RS256') {
  const header = { alg: alg === 'stranger' ? 'RS256' : alg, typ: 'JWT', kid: alg in KEYS ? alg : 'RS256' };
  const message = `${base64url(header)}.${base64url(claims)}`;
  const signature = {
    none: () => '',
    HS256: () => createHmac('sha256', KEYS.RS256.publicKey.export({ format: 'pem', type: 'spki' })).update(message).digest('base64url'),
    stranger: () => sign('sha256', Buffer.from(message), STRANGER.privateKey).toString('base64url'),
    EdDSA: () => sign(null, Buffer.from(message), KEYS.EdDSA.privateKey).toString('base64url'),
    ES256: () => sign('sha256', Buffer.from(message), { key: KEYS.ES256.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
    ES384: () => sign('sha384', Buffer.from(message), { key: KEYS.ES384.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
    PS256: () => sign('sha256', Buffer.from(message), { key: KEYS.PS256.privateKey, padding: 6, saltLength: 32 }).toString('base64url'),
    RS256: () => sign('sha256', Buffer.from(message), KEYS.RS256.privateKey).toString('base64url'),
  }[alg]();
  return `${message}.${signature}`;
}

/** Starts a provider. It doesn't keep the process alive. */
export async function startFakeProvider() {
  const codes = new Map();
  const seen = [];
  const provider = {
    /** Who the next one is that comes to /authorize: what `code` takes. */
    next: {},
    /** Requests so far: { path, headers, query, body }. */
    seen,
    code: (grant) => {
      const code = randomBytes(12).toString('hex');
      codes.set(code, grant);
      return code;
    },
    /** The settings of a collection's provider `name` that lead here; without addresses where discovery finds them. */
    settings: (name = 'oidc', more = {}) => ({
      name, ...CLIENT, authURL: `${provider.url}/authorize`, tokenURL: `${provider.url}/token`,
      userInfoURL: `${provider.url}/userinfo`, ...more,
    }),
  };

  const answers = {
    'GET /authorize': ({ query }, reply) => {
      const code = provider.code({ ...provider.next, nonce: query.get('nonce') ?? undefined });
      const back = new URL(query.get('redirect_uri'));
      back.searchParams.set('state', query.get('state'));
      if (provider.next.error) back.searchParams.set('error', provider.next.error);
      else back.searchParams.set('code', code);
      reply.writeHead(302, { Location: back.href }).end();
    },
    'POST /token': (request, reply) => token(request, reply),
    'POST /token-params': (request, reply) => (request.headers.authorization ? json(reply, { error: 'invalid_client' }, 401) : token(request, reply)),
    'POST /token-form': ({ body }, reply) =>
      reply.writeHead(200, { 'Content-Type': 'application/x-www-form-urlencoded' }).end(new URLSearchParams({ access_token: body.get('code'), scope: 'a' }).toString()),
    'POST /token-redirect': (_, reply) => reply.writeHead(307, { Location: '/token' }).end(),
    'POST /token-endless': (_, reply) => endless(reply),
    'POST /token-empty': (_, reply) => json(reply, {}),
    'POST /token-error': (_, reply) => json(reply, { error: 'invalid_grant', error_description: 'no' }, 400),
    'GET /userinfo': (request, reply) => person(request, reply, ({ user }) => user ?? {}),
    'GET /userinfo-redirect': (_, reply) => reply.writeHead(302, { Location: '/userinfo' }).end(),
    'GET /userinfo-endless': (_, reply) => endless(reply),
    'GET /userinfo-text': (_, reply) => reply.writeHead(200, { 'Content-Type': 'text/plain' }).end('hello'),
    'GET /userinfo/emails': (request, reply) => person(request, reply, ({ emails }) => emails ?? []),
    'GET /jwks': (_, reply) => json(reply, jwks()),
    'GET /.well-known/openid-configuration': (_, reply) => json(reply, description(provider.url)),
    'GET /evil/.well-known/openid-configuration': (_, reply) => json(reply, description(provider.url)),
  };

  const description = (issuer) => ({
    issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`, jwks_uri: `${issuer}/jwks`,
  });

  /** The token endpoint: our password must be right, and the verifier must fit if the code was asked for with one. */
  function token({ headers, body }, reply) {
    const basic = Buffer.from((headers.authorization ?? '').replace('Basic ', ''), 'base64').toString().split(':').map((text) => decodeURIComponent(text.replaceAll('+', ' ')));
    const [id, secret] = headers.authorization ? basic : [body.get('client_id'), body.get('client_secret')];
    if (id !== CLIENT.clientId || secret !== CLIENT.clientSecret) return json(reply, { error: 'invalid_client' }, 401);
    const grant = codes.get(body.get('code'));
    if (!grant) return json(reply, { error: 'invalid_grant' }, 400);
    const { user = {}, claims, alg, nonce, tokens } = grant;
    const answer = { access_token: `at-${body.get('code')}`, token_type: 'Bearer', refresh_token: 'a refresh token', ...tokens };
    if (claims !== null) {
      answer.id_token = idToken(
        { iss: provider.url, aud: CLIENT.clientId, exp: Math.floor(Date.now() / 1000) + 600, ...(nonce && { nonce }), ...user, ...claims }, alg);
    }
    return json(reply, answer);
  }

  function person({ headers }, reply, pick) {
    const grant = codes.get((headers.authorization ?? '').replace('Bearer at-', ''));
    return grant ? json(reply, pick(grant)) : json(reply, { error: 'invalid_token' }, 401);
  }

  const server = createServer((request, reply) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { pathname, searchParams: query } = new URL(request.url, 'http://localhost');
      const heard = { path: pathname, headers: request.headers, query, body: new URLSearchParams(Buffer.concat(chunks).toString()) };
      seen.push(heard);
      const answer = answers[`${request.method} ${pathname}`] ?? ((_, missing) => json(missing, { error: 'not here' }, 404));
      answer(heard, reply);
    });
  });
  await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
  server.unref();
  server.on('connection', (socket) => socket.unref());
  provider.url = `http://127.0.0.1:${server.address().port}`;
  provider.close = () => { server.closeAllConnections(); server.close(); };
  return provider;
}

const json = (reply, body, status = 200) => reply.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

/** More and more, until the other side has had enough. */
function endless(reply) {
  reply.writeHead(200, { 'Content-Type': 'application/json' });
  const more = () => { while (!reply.destroyed && reply.write(' '.repeat(65_536))); };
  reply.on('drain', more);
  reply.on('error', () => {});
  more();
}
