// A new record is made once, even if the server's answer to that gets lost and somebody tries again: where its id may
// be chosen it comes from here, so that the next attempt can look whether the record is there. Used by `saving.js`.

import { load, store } from './requests.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** How ids are made unless somebody has chosen another way. */
const USUAL_PATTERN = /^\[a-z0-9\]\{(\d{1,3})\}$/;

/** Whether what was asked for may have been done all the same. */
export const isUnsure = (error) => error.status === 0 || error.status >= 500;

/** Whether another attempt could make a second record. */
export const mayDouble = ({ lost }) => Boolean(lost) && !lost.id;

/**
 * Makes the record of an editor, of what `store` takes. If an earlier attempt has made it, that is the record, and
 * `sent` becomes what was sent then.
 */
export async function makeOnce(editor, content, sent) {
  const { collection } = editor;
  const made = editor.lost?.id && (await loadIfThere(collection, editor.lost.id));
  if (made) {
    Object.assign(sent, editor.lost.sent);
    return made;
  }
  const { name } = collection.fields.find((field) => field.primaryKey);
  const chosen = content.body[name];
  const id = chosen || (editor.lost?.id ?? newId(collection));
  try {
    return await store(collection, undefined, { ...content, body: { ...content.body, ...(id && { [name]: id }) } });
  } catch (error) {
    // What has an id of somebody's own is refused the second time. Under that id there may be another record, too.
    if (isUnsure(error)) editor.lost = chosen ? undefined : { id, sent: { ...sent } };
    throw error;
  }
}

async function loadIfThere(collection, id) {
  try {
    return await load(collection, id);
  } catch (error) {
    if (error.status === 404) return undefined;
    throw error;
  }
}

/** An id as the server would make it; nothing where only the server can. */
function newId({ fields }) {
  const { autogeneratePattern } = fields.find((field) => field.primaryKey);
  const length = Number(USUAL_PATTERN.exec(autogeneratePattern)?.[1] ?? 0);
  const numbers = crypto.getRandomValues(new Uint32Array(length));
  return Array.from(numbers, (number) => LETTERS[number % LETTERS.length]).join('') || undefined;
}
