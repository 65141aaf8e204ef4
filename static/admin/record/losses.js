// What a deletion takes, and what an undo has brought back, in words: before, after, and after the undo. Used by the
// panel's deletion and the table's.

import { h } from '../lib/dom.js';
import { count, plural } from '../lib/format.js';
import { FOLLOWED_MAX } from './follow.js';
import { filesOf, keptMost } from './keep.js';
import { isSecret, nameOf } from './values.js';

/** So many files, or records that did not come back, are named. */
const NAMED_MAX = 10;

/** `3 records of songs`, for each collection. */
export function counted(list) {
  const names = Map.groupBy(list, (one) => one.collection.name);
  const different = (some) => new Set(some.map((one) => one.record.id)).size;
  return [...names].map(([name, some]) => `${plural(different(some), 'record')} of ${name}`).join(', ');
}

/** Whether the records themselves can be brought back. Nothing is, where that would be a part of it only. */
export const canUndo = ({ own, gone, lasting, isMore }) =>
  !isMore && gone.slice(0, own).some((one) => !lasting.includes(one));

const returning = (effects) => effects.gone.filter((one) => !effects.lasting.includes(one));
const hasField = (effects, test) => returning(effects).some(({ collection }) => collection.fields.some(test));
const isDate = (field) => field.type === 'autodate';

/** What is said before the deletion of records, as paragraphs. */
export function linesBefore(collection, effects) {
  const { own, along, emptied, needing, lasting, isMore } = effects;
  const it = own === 1 ? 'it' : 'them';
  const files = effects.gone.reduce((sum, one) => sum + filesOf(one.collection, one.record).length, 0);
  const isLasting = lasting.length > 0 && canUndo(effects);
  const verb = `${along.length === 1 ? 'goes' : 'go'}${isMore ? ', among others' : ''}`;
  return [
    along.length > 0 && `With ${it} ${verb}: ${counted(along)}.`,
    emptied.length > 0 && `${own === 1 ? 'It is' : 'They are'} taken out of: ${counted(emptied)}.`,
    needing.length > 0 && `${counted(needing)} must have some of them, which will be refused.`,
    files > 0 && `${plural(files, 'file')} ${files === 1 ? 'goes' : 'go'}.`,
    collection.type === 'auth' &&
      `${own === 1 ? 'Its' : 'Their'} sessions, API keys, second factors and linked services end.`,
    undoBefore(effects, it, files),
    isLasting && `But ${counted(lasting)} would stay gone: passwords are nowhere else.`,
    canUndo(effects) && hasField(effects, isSecret) && 'Passwords would not come back.',
  ].filter(Boolean);
}

function undoBefore(effects, it, files) {
  if (effects.isMore) return `This can't be undone: more than ${FOLLOWED_MAX} records hang on ${it}.`;
  const passwords = effects.own === 1 ? 'its password is' : 'their passwords are';
  if (!canUndo(effects)) return `It can't be undone: ${passwords} nowhere else.`;
  const most = files > 0 ? `; of files, up to ${keptMost()} altogether` : '';
  const dates = hasField(effects, isDate) ? ' Dates of creation and change are new ones then.' : '';
  return `Right afterwards this can be undone${most}.${dates}`;
}

/** What is said before where there are too many to look at. */
export const linesOfTooMany = (collection, most) => [
  `What hangs on them goes along. It is not looked at where more than ${count(most)} records are deleted.`,
  collection.type === 'auth' && 'Their sessions, API keys, second factors and linked services end.',
  `This can't be undone: only up to ${count(most)} records are kept for that.`,
].filter(Boolean);

export const paragraphs = (lines) =>
  h('div', { class: 'record-effects' }, lines.map((line) => h('p', {}, line)));

/** What is gone for good, after everything that can be brought back. */
export function afterDeletion(effects, undo) {
  if (!undo) return " This can't be undone.";
  const { lost } = undo;
  const names = lost.slice(0, NAMED_MAX).join(', ') + (lost.length > NAMED_MAX ? ', …' : '');
  const left = [
    lost.length > 0 && `files beyond ${keptMost()} (${names})`,
    effects.lasting.length > 0 && counted(effects.lasting),
    hasField(effects, isSecret) && 'passwords',
  ].filter(Boolean);
  return left.length > 0 ? ` Undo can't bring back ${left.join('; ')}.` : '';
}

/** What an undo has brought back: `head` is `It is back`, `2 records are back`. */
export function whatIsBack(head, effects, { lost }) {
  const [it, its] = effects.own === 1 ? ['it', 'Its'] : ['them', 'Their'];
  const along = effects.along.length > 0 && `, with what went with ${it}`;
  const dates = hasField(effects, isDate) ? ` ${its} dates are new ones.` : '';
  const files = lost.length > 0 ? ', without some files' : '';
  return `${head}${effects.lasting.length > 0 ? ', with what could be brought back' : along || ''}${files}.${dates}`;
}

/** What an undo has not brought back, and why. */
export function whatIsMissing({ back, pending, failed, broken }) {
  const are = pending.length === 1 ? 'is' : 'are';
  const missing = pending.length > 0 ? `: ${plural(pending.length, 'record')} ${are} missing` : '';
  const named = failed.slice(0, NAMED_MAX).map((one) => `${nameOf(one.collection, one.record)}: ${one.message}`);
  const lines = [...named, failed.length > NAMED_MAX && '…', broken?.message].filter(Boolean);
  return [`${back.size > 0 ? 'Not all is back' : 'Nothing is back'}${missing}.`, ...lines].join('\n');
}
