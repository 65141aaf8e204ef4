// Whether the session that this page was opened with still is there. It may have been ended in another tab or by its
// time; then the page says so and stays as it is, with everything that was typed into it, until its owner has signed in
// again. `app.js` starts this; `lib/api.js` asks for a look by the event `sessiondoubt`; `sessionbegun` is for those
// who have a connection that belongs to a session.

import { address, ownPage, root } from './api.js';
import { find, h, uniqueId } from './dom.js';
import { toast } from './feedback.js';

const channel = new BroadcastChannel(`holdall session ${root.pathname}`);
const { email } = document.body.dataset;
let notice;
let looking;
/** Whether somebody stays and has done nothing since: what a page asks for by itself isn't told again. */
let stays = false;

/** The way to sign in and back to this page. */
function signInAddress() {
  const back = location.pathname.slice(root.pathname.length - 1) + location.search;
  return address(`/auth/_superusers/sign-in?redirect=${encodeURIComponent(back)}`);
}

/** Whether leaving the page would be asked about, for something on it isn't saved. */
const hasUnsaved = () => !dispatchEvent(new Event('beforeunload', { cancelable: true }));

/** Asks the server; what it doesn't say for certain changes nothing. */
async function look() {
  const answer = await fetch(address('/_/session'), { headers: { 'HX-Request': 'true' }, redirect: 'error' }).catch(
    () => null,
  );
  if (answer?.status === 401) ended();
  if (answer?.ok) begun(await answer.json());
}

/** Looks unless it is looking already. */
function doubt() {
  looking ??= look().finally(() => {
    looking = undefined;
  });
}

function ended() {
  if (notice || stays) return;
  const id = uniqueId('ended');
  const elsewhere = hasUnsaved();
  const text = elsewhere
    ? 'What you have not saved is still here. Sign in in another tab, then come back and save it.'
    : 'Your session has ended, or somebody signed out in another tab.';
  const way = h(
    'a',
    { class: 'button main', href: signInAddress(), target: elsewhere && '_blank' },
    elsewhere ? 'Sign in in a new tab' : 'Sign in',
  );
  notice = h(
    'dialog',
    { 'aria-labelledby': id },
    h('h2', { id }, 'You are signed out'),
    h('p', {}, text),
    h('footer', {}, h('button', { type: 'button', onclick: () => notice.close() }, 'Stay here'), way),
  );
  notice.addEventListener('close', () => {
    stays = notice.returnValue !== 'begun';
    notice.remove();
    notice = undefined;
  });
  document.body.append(notice);
  notice.showModal();
  way.focus();
}

/** A session is there, maybe a new one, whose token what the page sends has to have. */
function begun(session) {
  if (session.csrf === ownPage()['X-CSRF-Token']) return;
  document.body.setAttribute('hx-headers', JSON.stringify({ 'X-CSRF-Token': session.csrf }));
  for (const input of document.querySelectorAll('input[name="csrf"]')) input.value = session.csrf;
  document.dispatchEvent(new CustomEvent('sessionbegun'));
  notice?.close('begun');
  const text = session.email === email ? 'You are signed in again.' : `You are signed in as ${session.email} now.`;
  toast(text, session.email === email ? 'good' : 'problem');
}

/** Begins to look after the session of this page. */
export function watchSession() {
  channel.onmessage = ({ data }) => (data.ended ? doubt() : begun(data));
  channel.postMessage({ email, csrf: ownPage()['X-CSRF-Token'] });
  const acted = () => {
    stays = false;
  };
  for (const sign of ['keydown', 'pointerdown']) addEventListener(sign, acted, { capture: true });
  document.addEventListener('sessiondoubt', doubt);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    stays = false;
    doubt();
  });
  // A page that the browser had put aside is from before whatever has happened since.
  addEventListener('pageshow', (event) => {
    if (event.persisted) doubt();
  });
  // The page goes once the answer is there; the others are not to ask before.
  find('[data-sign-out]').addEventListener('submit', () => {
    addEventListener('pagehide', () => channel.postMessage({ ended: true }), { once: true });
  });
}
