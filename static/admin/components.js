// The components page: one of each, to look at while working on them.

import { find, h } from './lib/dom.js';
import { editor } from './lib/editor.js';
import { ask, panel, tabs, toast } from './lib/feedback.js';

const button = (label, run) => h('button', { type: 'button', onclick: run }, label);

find('[data-said]').append(
  button('Say', () => toast('Saved.')),
  button('Complain', () => toast('title: This is needed.', 'problem')),
  button('Ask', () =>
    ask({ title: 'Delete this?', text: "It can't be brought back.", action: 'Delete', danger: true }),
  ),
  button('Ask twice', () => ask({ title: 'Delete posts?', type: 'posts', action: 'Delete', danger: true })),
  button('Open', () =>
    panel(
      (dialog, close) =>
        h(
          'div',
          { class: 'panel-inner' },
          h('div', { class: 'panel-head' }, h('h2', {}, 'A panel'), button('Close', close)),
          h('div', { class: 'panel-body' }, 'What belongs to what stays visible.'),
        ),
      { label: 'A panel' },
    ),
  ),
);
find('[data-tabs]').append(
  tabs(
    [
      { name: 'one', label: 'First', content: h('p', {}, 'The first.') },
      { name: 'two', label: 'Second', content: h('p', {}, 'The second.') },
    ],
    { label: 'Example' },
  ).element,
);

const texts = {
  rule: '@request.auth.id != "" && author = @request.auth.id || status ?= "public" // everybody',
  sql: 'SELECT title, count(*) AS n FROM posts GROUP BY title',
  json: '{"name": "Ada", "tags": [1, true, null]}',
};
for (const [language, value] of Object.entries(texts)) {
  const { element } = await editor({ value, language, label: `Editor for ${language}` });
  find(`[data-editor="${language}"]`).append(element);
}
