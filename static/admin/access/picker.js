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
  /** What somebody has chosen, as `{ id, title }`; what merely stands first isn't chosen. */
  let chosen = null;
  let none;
  let latest = 0;
  let typed = '';
  let found = { items: [], totalItems: 0 };
  const select = h('select', { id, name, onchange: () => choose() });
  const search = h('input', {
    type: 'search', id: `${id}-search`, placeholder: 'Search', autocomplete: 'off',
    'aria-label': `Search: ${label.toLowerCase()}`,
    oninput: debounce(() => {
      typed = search.value.trim();
      // What a search has found stays when the search is emptied.
      if (typed === '') choose();
      load();
    }),
    // Enter would send the form with what was found before.
    onkeydown: (event) => { if (event.key === 'Enter') event.preventDefault(); },
  });
  const note = h('p', { class: 'hint', role: 'status' });

  function choose() {
    const [option] = select.selectedOptions;
    chosen = option ? { id: option.value, title: option.text } : null;
  }

  async function load() {
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
    const titles = new Map(items.map((record) => [record.id, titleOf(collection, record)]));
    const isFound = titles.has(chosen?.id);
    if (isFound) chosen.title = titles.get(chosen.id);
    const all = [...titles];
    // What is chosen is offered also if it isn't among what was found.
    if (chosen?.id && !isFound) all.unshift([chosen.id, chosen.title]);
    if (none !== undefined) all.unshift(['', none]);
    fill(select, all.map(([value, title]) => h('option', { value }, title)));
    // Whoever searches for another one wants that.
    const isSought = typed !== '' && items.length > 0 && !isFound;
    select.value = isSought ? items[0].id : chosen?.id ?? '';
    if (select.selectedIndex < 0 && typed === '') select.selectedIndex = 0;
    const isCut = totalItems > items.length;
    if (items.length === 0) note.textContent = 'Nothing found.';
    else note.textContent = isCut ? `${items.length} of ${totalItems} shown; search for others.` : '';
  }

  const element = h('div', { class: 'field' }, h('label', { for: id }, label), search, select, note);
  return {
    element,
    value: () => select.value,
    allowNone: (text) => {
      none = text;
      draw();
    },
    show: async (of, wanted = '') => {
      collection = of;
      chosen = wanted ? { id: wanted, title: wanted } : null;
      typed = '';
      found = { items: [], totalItems: 0 };
      search.value = '';
      draw();
      await load();
    },
  };
}
