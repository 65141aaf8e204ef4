// The question before somebody's settings replace what somebody else has saved meanwhile, say in another tab. Values
// are stored whole: whoever adds a line to an old list takes away what was added since. Called by `settings-form`.

import { h } from '../lib/dom.js';
import { ask } from '../lib/feedback.js';

const RULE = ({ label, audience, maxRequests, duration }) =>
  `${label}${audience ? ` ${audience}` : ''}: ${maxRequests} in ${duration} s`;

/** A setting's value for people, lists line by line. */
function words({ type, options }, value) {
  if (Array.isArray(value)) return value.map((one) => (type === 'rules' ? RULE(one) : one)).join('\n') || 'none';
  if (type === 'check') return value ? 'on' : 'off';
  return options?.find(([one]) => one === value)?.[1] ?? (String(value ?? '') || 'empty');
}

/** Shows `[{ field, stored, own }]`, and resolves to whether one's own values are to be stored. */
export const mayReplace = (conflicts) => ask({
  title: 'Replace what was saved meanwhile?', action: 'Save mine', danger: true,
  text: 'Somebody has changed these settings since you opened the page. To begin with what is stored, cancel and '
    + 'reload the page.',
  content: h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'What differs' },
    h('table', { class: 'settings-conflict' },
      h('thead', {}, h('tr', {}, ['Setting', 'Stored', 'Yours'].map((title) => h('th', { scope: 'col' }, title)))),
      h('tbody', {}, conflicts.map(({ field, stored, own }) => h('tr', {}, h('th', { scope: 'row' }, field.label),
        h('td', {}, words(field, stored)), h('td', {}, words(field, own))))))),
});
