// The page Backups: what there is and whether it is good, making, sending, fetching, restoring and deleting one; when
// they are made by themselves; and continuous backup. Restoring is `ops/restore`, sending `ops/upload`.

import { address, del, get, post } from './lib/api.js';
import { fill, find, h, icon } from './lib/dom.js';
import { ask, busy, tell, toast } from './lib/feedback.js';
import { ago, bytes, duration, plural, when } from './lib/format.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { formDialog, labelled } from './ops/form-dialog.js';
import { keepFocus } from './ops/keep-focus.js';
import { figures, valueOf } from './ops/metrics.js';
import { restore } from './ops/restore.js';
import { BACKUPS } from './ops/settings-fields.js';
import { keepUnsaved, settingsForm } from './ops/settings-form.js';
import { uploadBackup } from './ops/upload.js';

const TESTING_LOOK_MS = 1000;
const IDLE_LOOK_MS = 15_000;

/** The job that makes backups by schedule. */
const SCHEDULE = '__pbAutoBackup__';

const body = find('[data-backups]');
const total = find('[data-total]');
/** The name of the one that is being made here; empty for one that the server names. */
let making = null;
let timer;

// --- the list ---
function state({ verified, verifiedAt, error }) {
  if (verified === null) return h('span', { class: 'badge info' }, 'Being tested');
  const time = verifiedAt && h('span', { class: 'quiet small', title: when(verifiedAt) }, `Tested ${ago(verifiedAt)}`);
  if (verified) return [h('span', { class: 'badge good' }, 'Verified'), time];
  return [h('span', { class: 'badge problem' }, 'Failed'), time,
    error && h('p', { class: 'small backup-reason' }, error)];
}

function row(backup) {
  const { key, size, modified } = backup;
  return h('tr', { dataset: { key } },
    h('th', { scope: 'row', class: 'mono' }, key,
      key.startsWith('@auto_') && [' ', h('span', { class: 'badge' }, 'By schedule')]),
    h('td', { class: 'number nowrap', 'data-label': 'Size' }, bytes(size)),
    h('td', { class: 'nowrap', 'data-label': 'Made' }, h('span', { title: when(modified) }, ago(modified))),
    h('td', {}, state(backup)),
    h('td', { class: 'nowrap' }, h('div', { class: 'row end' },
      h('button', { type: 'button', class: 'small', 'aria-label': `Download ${key}`,
        onclick: (event) => download(key, event.currentTarget) }, icon('download'), 'Download'),
      h('button', { type: 'button', class: 'small', 'aria-label': `Restore ${key}`, onclick: () => bringBack(key) },
        'Restore'),
      h('button', { type: 'button', class: 'small danger', 'aria-label': `Delete ${key}`, onclick: () => remove(key) },
        'Delete'))));
}

function draw(list) {
  const newestFirst = list.toSorted((a, b) => b.modified.localeCompare(a.modified) || b.key.localeCompare(a.key));
  const giveFocusBack = keepFocus(body, body.closest('.scroll'));
  fill(body,
    making !== null && h('tr', {}, h('th', { scope: 'row', class: 'mono' }, making || 'New backup'), h('td'),
      h('td', {}, 'now'), h('td', { colspan: 2 }, h('span', { class: 'badge info' }, 'Being made'))),
    newestFirst.map(row),
    list.length === 0 && making === null && h('tr', {},
      h('td', { colspan: 5, class: 'loading' }, 'There are no backups yet.')));
  giveFocusBack();
  total.textContent = list.length > 0
    ? `${plural(list.length, 'backup')}, ${bytes(list.reduce((sum, { size }) => sum + size, 0))}` : '';
}

/** Reads the list, and looks again: soon while something is being tested. */
async function load() {
  clearTimeout(timer);
  let isTesting = false;
  try {
    const list = await get('/api/backups');
    isTesting = list.some(({ verified }) => verified === null);
    draw(list);
  } finally {
    timer = setTimeout(() => {
      if (document.visibilityState === 'visible') load().catch(() => {});
      else document.addEventListener('visibilitychange', () => load().catch(() => {}), { once: true });
    }, isTesting ? TESTING_LOOK_MS : IDLE_LOOK_MS);
  }
}

// --- what can be done ---
async function create() {
  const input = h('input', { name: 'name', autocomplete: 'off', spellcheck: 'false', class: 'mono',
    placeholder: 'A name with the time in it' });
  await formDialog({
    title: 'New backup', action: 'Make it',
    content: [labelled('Name', input, 'May be left empty. Small letters, digits, _ and -, and .zip at the end.'),
      h('p', { class: 'hint' }, 'The server goes on to answer meanwhile.')],
    async submit() {
      const name = input.value.trim();
      making = name;
      load().catch(() => {});
      try {
        await post('/api/backups', name ? { name } : {});
      } finally {
        making = null;
        // What keeps the list from being read has been told by the dialog.
        load().catch(() => {});
      }
      toast('The backup is made, and is being tested.');
    },
  });
}

async function upload() {
  if (await uploadBackup()) await load();
}

/** A link with a token that works for some minutes: the browser fetches by itself, and shows how far it is. */
const download = (key, button) => busy(button, async () => {
  const { token } = await post('/api/files/token');
  h('a', { href: address(`/api/backups/${encodeURIComponent(key)}?token=${encodeURIComponent(token)}`),
    download: key }).click();
});

/** Nobody looks at the list meanwhile: where this session isn't known any more, that leads away from what is told. */
async function bringBack(key) {
  clearTimeout(timer);
  if (!(await restore(key))) await load().catch(tell);
}

async function remove(key) {
  if (!(await ask({ title: 'Delete this backup?', text: key, action: 'Delete', danger: true }))) return;
  // The list may have been drawn anew behind the question.
  if (document.activeElement === document.body) body.querySelector(`[data-key="${CSS.escape(key)}"] .danger`)?.focus();
  await busy(null, async () => {
    await del(`/api/backups/${encodeURIComponent(key)}`);
    await load();
    toast(`${key} was deleted.`);
  });
}

// --- by themselves ---
/** How the schedule's last one went, since the server began. */
async function lastByItself() {
  const jobs = await get('/api/crons');
  const last = jobs.find(({ id }) => id === SCHEDULE)?.runs[0];
  if (!last) return;
  const time = h('time', { title: when(last.started) }, ago(last.started));
  find('[data-schedule]').append(last.error
    ? h('p', { class: 'banner problem backup-last' }, 'The last one, ', time, ', could not be made: ', last.error)
    : h('p', { class: 'quiet small backup-last' }, 'The last one was made ', time, '.'));
}

async function settingsCards() {
  const settings = await get('/api/settings');
  const fields = h('div', { class: 'settings-fields' });
  const save = h('button', { type: 'submit', class: 'main', 'aria-keyshortcuts': 'Control+S' }, 'Save');
  const discard = h('button', { type: 'button', onclick: () => form.discard() }, 'Discard');
  const foot = h('div', { class: 'row end card-foot', hidden: true }, discard, save);
  const element = h('form', { novalidate: true,
    onsubmit: (event) => { event.preventDefault(); busy(save, () => form.save()); } }, fields, foot);
  fill(find('[data-schedule]'), element);
  const form = settingsForm({
    form: element, fields: BACKUPS, settings,
    place: (_, input) => fields.append(input),
    onchange: (count) => { foot.hidden = count === 0; },
  });
  keepUnsaved(form.isDirty);
  shortcut('mod+s', 'Save the schedule', () => { if (form.isDirty()) element.requestSubmit(); });
  const { enabled, bucket, endpoint } = settings.backups.s3;
  fill(find('[data-place]'), enabled ? ['In the bucket ', h('code', {}, bucket),
    endpoint && [' at ', h('code', {}, endpoint)], '.']
    : ['In the folder ', h('code', {}, 'backups'),
      ' of the data folder. Copy them to another machine, or keep them in a bucket.']);
}

async function shipping() {
  const all = await figures();
  const of = (name) => valueOf(all, `holdall_shipping_${name}`);
  const lag = of('lag_seconds');
  const place = find('[data-shipping]');
  if (lag === undefined) {
    fill(place, h('p', { class: 'quiet' }, 'Off. With ', h('code', {}, 'ship_to'),
      ' in the configuration, every change is copied to another place, and any moment of the last days comes back.'));
    return;
  }
  const [failing, segments, gaps] = [of('failing') === 1, of('segments_total') ?? 0, of('gaps_total') ?? 0];
  fill(place, h('p', {}, failing ? h('span', { class: 'badge problem' }, 'Fails at present')
    : h('span', { class: 'badge good' }, 'On'), ' ',
    lag > 0 ? `${duration(lag * 1000)} behind` : 'Everything is copied'),
  h('p', { class: 'quiet small' }, `${plural(segments, 'part')} copied since the start`,
    gaps > 0 && `, with ${plural(gaps, 'gap')}`, '.'),
  failing && h('p', { class: 'small' }, h('a',
    { href: address('/_/logs?filter=' + encodeURIComponent('data.type = \'program\'')) }, 'Why, is in the log')));
}

find('[data-create]').addEventListener('click', create);
find('[data-upload]').addEventListener('click', () => upload().catch(tell));
shortcut('n', 'Make a backup', create);
command('Make a backup', create, 'Backups');
command('Upload a backup', () => upload().catch(tell), 'Backups');
await Promise.all([load(), settingsCards().then(lastByItself), shipping()].map((part) => part.catch(tell)));
