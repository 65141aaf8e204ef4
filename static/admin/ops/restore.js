// Restoring a backup: asks for its name, starts it, and waits until the server is back or says why it isn't done.
// Called by the page Backups.

import { address, post } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { parse } from '../lib/metrics.js';
import { valueOf } from './metrics.js';
import { latestSaid } from './program-log.js';

const LOOK_EVERY_MS = 700;
const WARNING = 'Everything that was written since this backup was made is lost. The server starts anew with the '
  + 'restored data. If anything is wrong with the backup, nothing changes.';
const REFUSED = 'the backup wasn\'t restored';

/**
 * When the program began: a number; `'stranger'` where this session isn't known (any more), which a restored database
 * may not have; `null` while the server doesn't answer.
 */
async function beganAt() {
  try {
    // Not by `lib/api`: a session that is gone isn't a mistake here.
    const answer = await fetch(address('/metrics'),
      { credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'text/plain' } });
    if (answer.status === 401 || answer.status === 403) return 'stranger';
    return answer.ok ? valueOf(parse(await answer.text()), 'process_start_time_seconds') ?? null : null;
  } catch {
    return null;
  }
}

/** Asks, restores, and shows how it goes; resolves to whether the server has begun anew. */
export async function restore(key) {
  const sure = await ask({
    title: `Restore ${key}?`, type: key, danger: true, action: 'Restore',
    text: WARNING,
  });
  if (!sure) return false;
  const before = await beganAt();
  // Without it nobody could tell when the server has begun anew.
  if (typeof before !== 'number') {
    toast('The server does not answer as it should. Try again.', 'problem');
    return false;
  }
  const since = new Date();
  const text = h('p', { role: 'status' },
    'The backup is being unpacked and checked. The server goes on to answer meanwhile.');
  const footer = h('footer');
  const dialog = h('dialog', { 'aria-labelledby': 'restoring-title' },
    h('h2', { id: 'restoring-title' }, `Restoring ${key}`),
    h('progress', { class: 'wide-progress', 'aria-label': 'Restoring' }), text, footer);
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    await post(`/api/backups/${encodeURIComponent(key)}/restore`);
  } catch (error) {
    if (error.status > 0) {
      dialog.close();
      tell(error);
      return false;
    }
    // What was lost may be the answer only, and then the server restores all the same.
    text.textContent = 'The server\'s answer was lost. If the backup is being restored, this '
      + 'says when that is done.';
    fill(footer, h('button', { type: 'button', onclick: () => dialog.close() }, 'Don\'t wait'));
  }
  const end = (words, button) => {
    dialog.querySelector('progress').remove();
    fill(text, words);
    fill(footer, button);
    button.focus();
  };

  const outcome = await untilBack({ key, before, since, isWanted: () => dialog.open,
    say: (words) => { text.textContent = words; } });
  if (outcome.unknown) return false;
  if (outcome.failure) {
    end(outcome.failure, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'));
    return false;
  }
  end(outcome.stranger ? 'The server is back with the restored data. Your session is not in it: sign in again.'
    : 'The server is back with the restored data.',
    h('button', { type: 'button', class: 'main', onclick: () => location.reload() },
      outcome.stranger ? 'Sign in' : 'Reload this page'));
  return true;
}

/** Looks until the server has begun anew, has said why not, or nobody waits for it any more. */
async function untilBack({ key, before, since, isWanted, say }) {
  for (;;) {
    await new Promise((later) => { setTimeout(later, LOOK_EVERY_MS); });
    const now = await beganAt();
    if (!isWanted()) return { unknown: true };
    if (now === null) say('The server is starting anew …');
    else if (now === 'stranger') return { stranger: true };
    else if (now !== before) return {};
    else {
      const said = await latestSaid(REFUSED, 'name', key, since).catch(() => null);
      if (said) return { failure: said.message };
    }
  }
}
