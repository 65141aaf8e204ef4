// The dialog that makes a token with which one is an account, for superusers who have to see what its owner sees.

import { post, root } from '../lib/api.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { busy, copy } from '../lib/feedback.js';
import { count } from '../lib/format.js';

/** A text in a line of code. */
const code = (text) => JSON.stringify(text).replace(/\$/g, '\\$');

const javaScript = (host, token) => `import PocketBase from 'pocketbase';

const pb = new PocketBase(${JSON.stringify(host)});
pb.authStore.save(${JSON.stringify(token)});`;

const dart = (host, token) => `import 'package:pocketbase/pocketbase.dart';

final pb = PocketBase(${code(host)});
pb.authStore.save(${code(token)}, null);`;

/** Makes a token with which one is that account, and shows how to use it. */
export function impersonate(collection, record) {
  const [id, seconds] = [uniqueId('impersonate'), uniqueId('seconds')];
  const usual = collection.authToken?.duration ?? 0;
  const result = h('div', { class: 'stack' });
  const wrong = h('p', { class: 'problem', id: uniqueId('problem'), hidden: true });
  const input = h('input', {
    id: seconds,
    type: 'number',
    min: 0,
    step: 1,
    name: 'duration',
    placeholder: `${usual}`,
    'aria-describedby': wrong.id,
  });
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
    { class: 'record-impersonate', 'aria-labelledby': id },
    h(
      'form',
      {
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          wrong.hidden = true;
          busy(go, async () => {
            try {
              const made = await post(
                `/api/collections/${encodeURIComponent(collection.name)}/impersonate/${encodeURIComponent(record.id)}`,
                {
                  duration: Number(input.value),
                },
              );
              const until = made.token
                ? `For ${count(Number(input.value) || usual)} seconds from now. It can't be renewed.`
                : '';
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
              wrong.hidden = false;
              fill(wrong, error.data.duration.message);
            }
          });
        },
      },
      h('h2', { id }, 'Impersonate ', record.email || record.id),
      h('p', {}, "Makes a token with which requests count as this account's."),
      h(
        'div',
        { class: 'field' },
        h('label', { for: seconds }, 'Good for, in seconds'),
        input,
        h('p', { class: 'hint' }, `Empty for what the collection sets: ${count(usual)}.`),
        wrong,
      ),
      result,
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'), go),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
}
