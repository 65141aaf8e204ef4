// One real server for a test file, and short ways to talk to it.

import { after } from 'node:test';
import { SUPERUSER, startServer } from '../parity/lib/server.mjs';

/** The server of this file. */
export const server = await startServer('holdall');
after(() => server.stop());

/** The password of everybody who signs up here. */
export const PASSWORD = 'password-1';

/** Sends a request as JSON; redirects aren't followed. */
export async function api(method, path, body, headers = {}) {
  const answer = await fetch(server.url + path, {
    method, redirect: 'manual', headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers }, body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  return { status: answer.status, headers: answer.headers, text, json: isJson && text ? JSON.parse(text) : undefined };
}

const { json: { token } } = await api('POST', '/api/collections/_superusers/auth-with-password', { identity: SUPERUSER.email, password: SUPERUSER.password });

/** The headers of a superuser. */
export const admin = { Authorization: token };

/** An auth collection whose accounts need no address, with these providers; returns the first. */
export async function collectionWith(name, providers, more = {}) {
  const fields = [{ name: 'password', type: 'password', min: 8, cost: 4 }, { name: 'email', type: 'email', required: false }];
  const body = { name, type: 'auth', createRule: '', listRule: '', fields, oauth2: { enabled: true, providers }, ...more };
  const made = await api('POST', '/api/collections', body, admin);
  if (made.status !== 200) throw new Error(`the collection ${name} can't be made: ${made.text}`);
  return providers[0];
}

/** An account, made by a superuser. */
export async function signUp(collection, name, more = {}) {
  const email = `${name}@example.com`;
  const made = await api('POST', `/api/collections/${collection}/records`, { email, password: PASSWORD, passwordConfirm: PASSWORD, ...more }, admin);
  if (made.status !== 200) throw new Error(`the account ${name} can't be made: ${made.text}`);
  return { ...made.json, email };
}
