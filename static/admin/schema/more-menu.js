// What can be done with a whole collection, behind the three dots: copy, duplicate, empty, delete.
//
// Used by the editor of collections.

import { address, del, get, records } from '../lib/api.js';
import { hidesControls } from '../lib/controls.js';
import { ask, copy, menu, tell, toast } from '../lib/feedback.js';
import { plural } from '../lib/format.js';

const path = (name) => `/api/collections/${encodeURIComponent(name)}`;

/** The menu of the collection that `current()` is the draft of; `leave(to, options)` goes elsewhere. */
export function moreMenu(current, leave) {
  const { name, type, system } = current().saved;
  return menu('More for this collection', [
    { label: 'Copy as JSON', run: () => copy(JSON.stringify(current().definition(), null, 2)) },
    !hidesControls && {
      label: 'Duplicate',
      run: () => leave(`${address('/_/new-collection')}?from=${encodeURIComponent(name)}`),
    },
    !hidesControls &&
      type !== 'view' &&
      name !== '_superusers' && { label: 'Delete all records …', danger: true, run: () => truncate(name) },
    !hidesControls &&
      !system && { label: 'Delete the collection …', danger: true, run: () => remove(name, type === 'view', leave) },
  ]);
}

async function rowsOf(name) {
  const { totalItems } = await get(records(name), { perPage: 1, fields: 'id' });
  return plural(totalItems, 'record');
}

async function truncate(name) {
  try {
    const rows = await rowsOf(name);
    if (
      !(await ask({
        title: `Delete all records of ${name}?`,
        text: `${rows} and their files go, and whatever is deleted along with them. The collection stays.`,
        action: 'Delete all records',
        danger: true,
        type: name,
      }))
    )
      return;
    await del(`${path(name)}/truncate`);
    toast(`All records of ${name} are deleted.`);
  } catch (error) {
    tell(error);
  }
}

async function remove(name, isView, leave) {
  try {
    const rows = isView ? '' : ` with ${await rowsOf(name)} and their files`;
    if (
      !(await ask({
        title: `Delete ${name}?`,
        text: `The collection goes${rows}. It can’t be brought back but from a backup.`,
        action: 'Delete',
        danger: true,
        type: name,
      }))
    )
      return;
    await del(path(name));
    leave(address('/_/collections'), { unasked: true });
  } catch (error) {
    tell(error);
  }
}
