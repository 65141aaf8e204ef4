// Choosing records for a relation of many records at once, in the dialog that the panel has for one. Used by bulk.js.

import { h } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { isMultiple } from './inputs.js';

/** A button that puts the ids of chosen records into an input for ids. */
export const chooser = (field, input) =>
  h(
    'button',
    { type: 'button', class: 'small', onclick: () => choose(field, input).catch(tell) },
    isMultiple(field) ? 'Choose records …' : 'Choose a record …',
  );

/** The dialog's looks are those of the panel, which may not have been opened yet. */
const styles = new URL('../record.css', import.meta.url).href;

async function choose(field, input) {
  const [{ pickRecords }, { definition }, { openRecord }] = await Promise.all([
    import('../record/picker.js'),
    import('../record/requests.js'),
    import('../record/editor.js'),
  ]);
  if (!document.querySelector(`link[href="${styles}"]`))
    document.head.append(h('link', { rel: 'stylesheet', href: styles }));
  const picked = await pickRecords({
    collection: await definition(field.collectionId),
    chosen: input.value.split(/[\s,]+/).filter(Boolean),
    most: isMultiple(field) ? field.maxSelect : 1,
    least: field.minSelect || 0,
    name: field.name,
    known: new Map(),
    openRecord,
  });
  if (picked) input.value = picked.join(', ');
  input.focus();
}
