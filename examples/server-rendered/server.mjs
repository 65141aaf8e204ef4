// A website whose pages are made on the server, with Holdall for its accounts and data. No dependencies.
//
//   node examples/server-rendered/server.mjs
//
//   HOLDALL         where this program reaches Holdall  (http://127.0.0.1:8090)
//   HOLDALL_PUBLIC  where browsers reach Holdall        (the same)
//   PORT            where this site listens             (3000)
//   ORIGIN          where browsers reach this site      (http://127.0.0.1:PORT)
//
// The browser has Holdall's session cookie because both are reached under one host name; the port doesn't matter for
// that. This site never looks into the cookie. It sends it along with every request that it makes for its visitor, so
// Holdall's rules decide what each of them sees, and passes on the cookies that Holdall sets.

import { createServer } from 'node:http';

const port = Number(process.env.PORT ?? 3000);
const holdall = process.env.HOLDALL ?? 'http://127.0.0.1:8090';
const holdallPublic = process.env.HOLDALL_PUBLIC ?? holdall;
const origin = process.env.ORIGIN ?? `http://127.0.0.1:${port}`;

/** Asks Holdall as whoever has sent `request`. */
async function ask(request, method, path, body) {
  const headers = { Cookie: request.headers.cookie ?? '', 'User-Agent': request.headers['user-agent'] ?? '' };
  if (method !== 'GET') {
    // Holdall takes changes by cookie from its own pages only. This site vouches for its visitor, because `fromOwnForm`
    // has made sure that it was one of its own forms that asked.
    headers.Origin = new URL(holdallPublic).origin;
    headers['Content-Type'] = 'application/json';
  }
  const answer = await fetch(holdall + path, { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  return { ok: answer.ok, body: text ? JSON.parse(text) : null, cookies: answer.headers.getSetCookie() };
}

/** Text as HTML. */
const html = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function page(response, status, session, content) {
  const signedIn = session.record && `
    <form method="post" action="/logout">
      Signed in as ${html(session.record.email)}. <input type="hidden" name="csrf" value="${html(session.csrfToken)}">
      <button>Sign out</button>
    </form>`;
  const back = encodeURIComponent(`${origin}/`);
  const signIn = `<p><a href="${html(holdallPublic)}/auth/users/sign-in?redirect=${back}">Sign in</a></p>`;
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`<!doctype html><title>Notes</title>${signedIn || signIn}${content}`);
}

async function readForm(request) {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > 10_000) throw new Error('the form is too large');
  }
  return new URLSearchParams(text);
}

/** Whether a form of this site was sent: only its pages know the token, and the browser says where they come from. */
function fromOwnForm(request, form, session) {
  const from = request.headers.origin;
  return (!from || from === origin) && session.csrfToken && form.get('csrf') === session.csrfToken;
}

async function show(request, response, session) {
  const notes = await ask(request, 'GET', '/api/collections/notes/records?sort=created');
  const items = (notes.body.items ?? []).map((note) => `<li>${html(note.text)}</li>`).join('');
  const write = session.record && `
    <form method="post" action="/notes">
      <input type="hidden" name="csrf" value="${html(session.csrfToken)}">
      <input name="text" required> <button>Add</button>
    </form>`;
  page(response, 200, session, `<ul>${items}</ul>${write || ''}`);
}

async function act(request, response, session, act) {
  const form = await readForm(request);
  if (!fromOwnForm(request, form, session)) {
    return page(response, 403, session, '<p>This form is out of date. <a href="/">Back</a></p>');
  }
  const done = await act(form);
  if (!done.ok) return page(response, 400, session, `<p>${html(done.body.message)} <a href="/">Back</a></p>`);
  // A session can get a new cookie, or lose it.
  response.writeHead(303, { Location: '/', 'Set-Cookie': done.cookies }).end();
}

createServer(async (request, response) => {
  try {
    const { body: session } = await ask(request, 'GET', '/api/session');
    switch (`${request.method} ${request.url}`) {
      case 'GET /':
        return await show(request, response, session);
      case 'POST /notes':
        return await act(request, response, session, (form) =>
          ask(request, 'POST', '/api/collections/notes/records', { text: form.get('text'), owner: session.record.id }));
      case 'POST /logout':
        return await act(request, response, session, () => ask(request, 'POST', '/api/session/logout', {}));
      default:
        return page(response, 404, session, '<p>There is no such page. <a href="/">Back</a></p>');
    }
  } catch (error) {
    console.error(error);
    response.writeHead(502, { 'Content-Type': 'text/plain' }).end('The server behind this page does not answer.');
  }
}).listen(port, '127.0.0.1', () => console.log(`Listening on ${origin}`));
