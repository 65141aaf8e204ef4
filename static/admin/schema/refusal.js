// Says why a collection isn't saved: above all, beside what it is about, and in the tabs; and goes there.
//
// Used by the editor of collections, whose `view` has its `root`, `banner`, `list` of tabs, the `bar` that shows them,
// `mount(name)` of a tab, `rowOf(n, sent)` and `reveal(element)` of fields. Not here: which place is meant
// (`problems.js`).

import { fill, h } from '../lib/dom.js';
import { enter } from './place.js';
import { clear, flatten, mark, show } from './problems.js';

const tabOf = ([key]) =>
  key === 'fields' || key === 'indexes'
    ? 'fields'
    : key === 'viewQuery'
      ? 'query'
      : /Rule$/.test(key)
        ? 'rules'
        : 'sign-in';

/** Takes away what was said. */
export function clearProblems({ root, banner, bar }) {
  clear(root);
  banner.hidden = true;
  for (const button of bar.buttons) {
    button.classList.remove('has-problem');
    button.querySelector('.dot')?.remove();
  }
}

/** What the server refuses; `sent` are the fields in the order in which it got them. */
export async function showRefusal(view, error, sent) {
  // A tab that nobody has opened has no inputs yet.
  const concerned = new Set(flatten(error.data).map(({ path }) => tabOf(path)));
  for (const { name } of view.list) if (concerned.has(name)) await view.mount(name);
  const { left, places } = show(view.root, error.data, (at) => view.rowOf?.(at, sent));
  say(view, error.message, left);
  showPlaces(view, places);
}

/** Inputs whose text isn't a value, as `unfinished` lists them. */
export function showUnfinished(view, inputs) {
  for (const { input, message } of inputs) {
    view.reveal?.(input);
    mark(input, message);
  }
  say(view, 'Nothing is saved yet: something that is typed isn’t a value.', []);
  showPlaces(
    view,
    inputs.map(({ input }) => input),
  );
}

function say({ banner }, text, lines) {
  banner.hidden = false;
  fill(
    banner,
    h('strong', {}, text),
    lines.map((line) => h('div', { class: 'pre-line' }, line)),
  );
}

/** Marks the tabs of these places, and goes to the first. */
function showPlaces(view, places) {
  for (const place of places) {
    for (let details = place.closest('details'); details; details = details.parentElement.closest('details'))
      details.open = true;
    const tab = place.closest('[role="tabpanel"]');
    const button = tab && view.bar.buttons.find((one) => one.id === tab.getAttribute('aria-labelledby'));
    if (!button || button.classList.contains('has-problem')) continue;
    button.classList.add('has-problem');
    button.append(h('span', { class: 'dot', role: 'img', 'aria-label': 'has problems' }));
  }
  // What is to be seen already comes first, then whatever was named first.
  const target = places.find((place) => !place.closest('[role="tabpanel"]')?.hidden) ?? places[0];
  const tab = target?.closest('[role="tabpanel"]');
  if (tab?.hidden) view.bar.choose(view.list.find((one) => tab.contains(one.element)).name);
  if (!target) return;
  enter(target);
  target.scrollIntoView({ block: 'center' });
}
