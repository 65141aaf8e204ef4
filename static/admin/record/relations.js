// The record editor's control for relations: the records that are chosen, and the dialog to choose them in.

import { get, records } from '../lib/api.js';
import { fill, h, icon, iconButton } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { definition, quoted } from './requests.js';
import { handle, moved } from './sortable.js';
import { isMultiple, nameOf } from './values.js';

const CHUNK = 40;

/** The records with these ids, by their ids. */
async function recordsOf(collection, ids) {
  const found = new Map();
  for (let at = 0; at < ids.length; at += CHUNK) {
    const filter = ids
      .slice(at, at + CHUNK)
      .map((id) => `id = ${quoted(id)}`)
      .join(' || ');
    const { items } = await get(records(collection.name), { filter, perPage: CHUNK, skipTotal: 1 });
    for (const record of items) found.set(record.id, record);
  }
  return found;
}

export function relation(field, { onchange, openRecord }) {
  const several = isMultiple(field);
  const most = several ? field.maxSelect : 1;
  let chosen = [];
  let target;
  const known = new Map();
  const list = h('ul', { class: 'record-items' });
  const counted = h('span', { class: 'quiet' });
  const pick = h('button', { type: 'button', onclick: openPicker }, icon('search'), 'Choose');
  const below = h('div', { class: 'row' }, pick);
  const change = (ids) => {
    chosen = ids;
    draw();
    onchange();
  };

  async function openPicker() {
    try {
      target ??= await definition(field.collectionId);
      const { pickRecords } = await import('./picker.js');
      const picked = await pickRecords({
        collection: target,
        chosen,
        most,
        least: field.minSelect || 0,
        name: field.name,
        known,
        openRecord,
      });
      if (picked) change(picked);
    } catch (error) {
      tell(error);
    }
    (below.hidden ? list.querySelector('button') : pick)?.focus();
  }

  async function look() {
    const missing = chosen.filter((id) => !known.has(id));
    if (missing.length === 0) return;
    try {
      target ??= await definition(field.collectionId);
      const found = await recordsOf(target, missing);
      for (const id of missing) known.set(id, found.get(id) ?? null);
      draw();
    } catch (error) {
      tell(error);
    }
  }

  async function openOne(id) {
    target ??= await definition(field.collectionId);
    openRecord({
      collection: target,
      id,
      onsaved: (record) => {
        known.set(record.id, record);
        draw();
      },
      onclosed: () => list.querySelector(`[data-open="${CSS.escape(id)}"]`)?.focus(),
    });
  }

  function draw(focused) {
    fill(
      list,
      chosen.map((id, at) => {
        const record = known.get(id);
        const name = record ? nameOf(target, record) : id;
        return h(
          'li',
          {},
          several &&
            chosen.length > 1 &&
            handle({
              list,
              at,
              length: chosen.length,
              name,
              move: (from, to) => {
                chosen = moved(chosen, from, to);
                draw(to);
                onchange();
              },
            }),
          h(
            'div',
            { class: 'grow' },
            h('span', { class: 'record-name' }, name),
            h(
              'span',
              { class: 'quiet small mono' },
              record === null ? 'there is no such record' : name === id ? '' : id,
            ),
          ),
          !several &&
            h(
              'button',
              { type: 'button', class: 'small', 'aria-label': `Choose another for ${field.name}`, onclick: openPicker },
              'Change',
            ),
          record &&
            iconButton('edit', `Open ${name}`, { dataset: { open: id }, onclick: () => openOne(id).catch(tell) }),
          iconButton('x', `Remove ${name}`, {
            onclick: () => {
              change(chosen.filter((one) => one !== id));
              (list.querySelector('button') ?? pick).focus();
            },
          }),
        );
      }),
    );
    list.hidden = chosen.length === 0;
    below.hidden = !several && chosen.length > 0;
    fill(counted, several ? `${chosen.length} of ${most} at most` : '');
    if (focused !== undefined) list.children[focused]?.querySelector('.record-handle')?.focus();
  }

  return {
    body: h('div', { class: 'record-line' }, list, below),
    tools: counted,
    hint: several && field.minSelect > 0 ? `at least ${field.minSelect}` : '',
    get: () => chosen,
    set: (state) => {
      chosen = [...state];
      draw();
      look();
    },
  };
}
