// The dialog that makes a token with which one is an account, for superusers who have to see what its owner sees.

import { post, root } from '../lib/api.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { busy, copy } from '../lib/feedback.js';
import { plural, when } from '../lib/format.js';
import { numberProblem } from '../ops/numbers.js';

/** A text in a line of code. */
const code = (text) => JSON.stringify(text).replace(/\$/g, '\\$');

const javaScript = (host, token) => `import PocketBase from 'pocketbase';

const pb = new PocketBase(${JSON.stringify(host)});
pb.authStore.save(${JSON.stringify(token)});`;

const dart = (host, token) => `import 'package:pocketbase/pocketbase.dart';

final pb = PocketBase(${code(host)});
pb.authStore.save(${code(token)}, null);`;

const DURATIONS = [['900', '15 minutes'], ['3600', 'An hour'], ['86400', 'A day'], ['604800', 'A week']];
const UNITS = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute'], [1, 'second']];
/** Seconds in the largest unit of which they are whole ones. */
function inWords(seconds) {
  const [size, unit] = UNITS.find(([each]) => seconds % each === 0);
  return plural(seconds / size, unit);
}
const durations = (usual) => [
  ['0', `As long as all tokens of the collection (${inWords(usual)})`],
  ...DURATIONS,
  ['own', 'Another time …'],
];

/** Makes a token with which one is that account, and shows how to use it. */
export function impersonate(collection, record) {
  const [id, seconds, howLong] = [uniqueId('impersonate'), uniqueId('seconds'), uniqueId('duration')];
  const usual = collection.authToken?.duration ?? 0;
  const select = h(
    'select',
    {
      id: howLong,
      onchange: () => {
        own.hidden = select.value !== 'own';
        if (!own.hidden) input.focus();
      },
    },
    durations(usual).map(([value, label]) => h('option', { value, selected: value === '3600' }, label)),
  );
  const chosen = () => Number(select.value === 'own' ? input.value : select.value);
  const result = h('div', { class: 'stack' });
  const wrong = h('p', { class: 'problem', id: uniqueId('problem'), hidden: true });
  const showWrong = (message) => {
    wrong.hidden = false;
    fill(wrong, message);
    input.focus();
  };
  const input = h('input', {
    id: seconds,
    type: 'number',
    min: 0,
    step: 1,
    name: 'duration',
    'aria-describedby': wrong.id,
  });
  const own = h('div', { class: 'field', hidden: true }, h('label', { for: seconds }, 'Seconds'), input, wrong);
  const go = h('button', { type: 'submit', class: 'main' }, 'Make a token');
  const snippet = (label, text) =>
    h(
      'div',
      {},
      h(
        'div',
        { class: 'row between' },
        h('h3', {}, label),
        h(
          'button',
          { type: 'button', class: 'small', 'aria-label': `Copy ${label}`, onclick: () => copy(text) },
          'Copy',
        ),
      ),
      h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': label }, text),
    );
  const dialog = h(
    'dialog',
    { class: 'account-impersonate', 'aria-labelledby': id },
    h(
      'form',
      {
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          wrong.hidden = true;
          // Nothing would be 0, and that is as long as a token may last.
          const problem = select.value === 'own' && numberProblem(input);
          if (problem) {
            showWrong(problem);
            return;
          }
          busy(go, async () => {
            try {
              const made = await post(
                `/api/collections/${encodeURIComponent(collection.name)}/impersonate/${encodeURIComponent(record.id)}`,
                {
                  duration: chosen(),
                },
              );
              const ends = when(new Date(Date.now() + (chosen() || usual) * 1000).toISOString());
              const until = `Until ${ends}. It can't be renewed or shown again. “End every sign-in” ends it, too.`;
              const host = root.href.replace(/\/$/, '');
              fill(
                result,
                h('p', { class: 'banner good' }, until),
                snippet('Token', made.token),
                snippet('JavaScript', javaScript(host, made.token)),
                snippet('Dart', dart(host, made.token)),
              );
            } catch (error) {
              if (!error.data?.duration) throw error;
              showWrong(error.data.duration.message);
            }
          });
        },
      },
      h('h2', { id }, 'Impersonate ', record.email || record.id),
      h('p', {}, 'You get a token of this account, to see what they see. What is done with it is done in their name.'),
      h('div', { class: 'field' }, h('label', { for: howLong }, 'How long it lasts'), select),
      own,
      result,
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'), go),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  select.focus();
}
