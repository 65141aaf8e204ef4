// Choosing a record by searching for it: an input, and a list of what it finds. Used by the simulator, for accounts and
// for the record that a question is about.

import { get, records } from '../lib/api.js';
import { debounce, fill, h, uniqueId } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { searching, titleOf } from './state.js';

const FOUND_MAX = 30;

/**
 * `label` names what is chosen. `show(collection, id)` fills the list, `allowNone(text)` says whether "no record" is a
 * choice and what it is called, `value()` is the id that is chosen.
 */
export function picker({ label, name }) {
  const id = uniqueId('pick');
  let collection;
  let wanted = '';
  let none;
  let latest = 0;
  let found = { items: [], totalItems: 0 };
  const select = h('select', { id, name, onchange: () => { wanted = select.value; } });
  const search = h('input', {
    type: 'search', id: `${id}-search`, placeholder: 'Search', autocomplete: 'off',
    'aria-label': `Search: ${label.toLowerCase()}`,
    oninput: debounce(() => load(search.value.trim())),
    // Enter would send the form with what was found before.
    onkeydown: (event) => { if (event.key === 'Enter') event.preventDefault(); },
  });
  const note = h('p', { class: 'hint', role: 'status' });

  async function load(typed) {
    const turn = (latest += 1);
    try {
      const answer = await get(records(collection.name), { perPage: FOUND_MAX, filter: searching(collection, typed) });
      if (turn !== latest) return;
      found = answer;
      draw();
    } catch (error) {
      if (turn === latest) tell(error);
    }
  }

  function draw() {
    const { items, totalItems } = found;
    const options = items.map((record) => h('option', { value: record.id }, titleOf(collection, record)));
    // What is chosen stays so, also if it isn't among what was found.
    const isFound = items.some((record) => record.id === wanted);
    if (wanted && !isFound) options.unshift(h('option', { value: wanted }, wanted));
    if (none !== undefined) options.unshift(h('option', { value: '' }, none));
    fill(select, options);
    select.value = wanted;
    if (select.selectedIndex < 0 && select.options.length > 0) select.selectedIndex = 0;
    wanted = select.value;
    const isCut = totalItems > items.length;
    if (items.length === 0) note.textContent = 'Nothing found.';
    else note.textContent = isCut ? `${items.length} of ${totalItems} shown; search for others.` : '';
  }

  const element = h('div', { class: 'field' }, h('label', { for: id }, label), search, select, note);
  return {
    element,
    value: () => wanted,
    allowNone: (text) => {
      none = text;
      draw();
    },
    show: async (of, chosen = '') => {
      collection = of;
      wanted = chosen;
      found = { items: [], totalItems: 0 };
      search.value = '';
      await load('');
    },
  };
}
