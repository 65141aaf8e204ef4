// Deleting all selected records: what goes along is told before, and what can be brought back is kept for an undo, both
// by what the record's own panel does that with. Loaded by bulk-bar.js when somebody deletes.

import { get, records as pathOf } from '../lib/api.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { plural } from '../lib/format.js';
import { follow, keyOf, only } from '../record/follow.js';
import {
  afterDeletion, canUndo, counted, linesBefore, linesOfTooMany, paragraphs, whatIsBack, whatIsMissing,
} from '../record/losses.js';
import { keepFiles, Undo, withFiles } from '../record/undo.js';
import { KEPT_MAX, fetchWhole, once, report, sendMany, withProgress } from './changes.js';

const NO_EFFECTS = { own: 0, gone: [], along: [], emptied: [], needing: [], lasting: [], isMore: false };

/**
 * Deletes records after asking. `on` is what is told: `change(gone)` after changes, with the ids of what is gone;
 * `undo(run)` how to bring it back.
 */
export async function deleteRecords(collection, ids, on) {
  const effects = await consent(collection, ids);
  if (!effects) return;
  const files = withFiles(effects) && canUndo(effects) ? await keepAll(effects) : new Map();
  const requests = ids.map((id) => ({ id, method: 'DELETE', url: pathOf(collection.name, id) }));
  const sent = await withProgress('Deleting', ids.length, (progress) => sendMany(requests, progress));
  let outcome = await alreadyGone(sent);
  const settle = async () => {
    outcome = await certain(collection, outcome);
    const gone = idsOf(outcome);
    return gone.size === ids.length ? effects : settled(effects, gone);
  };
  // Should the server not be there just now, it is asked once somebody wants the undo.
  let real = await settle().catch(() => undefined);
  const likely = real ?? effects;
  const undo = canUndo(likely) ? new Undo(likely, files) : undefined;
  const goBack = async () => {
    try {
      real ??= await settle();
    } catch (error) {
      toast(`Nothing is back.\n${error.message}`, 'problem', { action: { label: 'Go on', run: goBack } });
      return;
    }
    await bringBack(real, new Undo(real, files), on.change);
  };
  const back = undo && once(goBack);
  if (back && outcome.done.length + outcome.unsure.length > 0) on.undo(back);
  report(outcome, 'deleted', back, afterDeletion(likely, undo));
  on.change([...idsOf(outcome)]);
}

const idsOf = ({ done }) => new Set(done.map((one) => one.id));

/** Asks, and asks again if what goes along has become something else meanwhile. Resolves to what goes, if it may. */
async function consent(collection, ids) {
  const title = `Delete ${plural(ids.length, 'record')}?`;
  const question = (lines) => ask({ title, content: paragraphs(lines), action: 'Delete', danger: true });
  if (ids.length > KEPT_MAX) return (await question(linesOfTooMany(collection, KEPT_MAX))) && NO_EFFECTS;
  for (let told; ;) {
    const effects = await look(collection, ids);
    if (ids.length === 1 && effects.needing.length > 0) {
      toast(`This can't be deleted: ${counted(effects.needing)} must have it. Change these first.`, 'problem');
      return undefined;
    }
    const lines = linesBefore(collection, effects);
    const said = lines.join('\n');
    if (said === told) return effects;
    if (!(await question(told === undefined ? lines : ['This has changed meanwhile.', ...lines]))) return undefined;
    told = said;
  }
}

const look = (collection, ids) =>
  withProgress('Looking at what goes along', ids.length, async (progress) =>
    follow(collection, await fetchWhole(collection, ids, progress), progress),
  );

const keepAll = (effects) =>
  withProgress('Keeping the files for an undo', effects.gone.length, (progress) => keepFiles(effects, progress));

/** What is there no more because it went with another one, was deleted as was asked for. */
async function alreadyGone(outcome) {
  const isThere = ({ status }) => status !== 404;
  if (outcome.failed.every(isThere)) return outcome;
  try {
    // Whose session has ended is told that nothing is there. Only superusers may ask for this.
    await get('/api/settings', { fields: 'batch' });
  } catch {
    return outcome;
  }
  const done = [...outcome.done, ...outcome.failed.filter((one) => !isThere(one))];
  return { ...outcome, done, failed: outcome.failed.filter(isThere) };
}

/** Where an answer was lost: what is there no more was deleted, and what is there was not. */
async function certain(collection, outcome) {
  const { unsure, done, left } = outcome;
  if (unsure.length === 0) return outcome;
  const there = new Set((await fetchWhole(collection, unsure, { fields: 'id' })).map((record) => record.id));
  const gone = unsure.filter((id) => !there.has(id)).map((id) => ({ id }));
  return { ...outcome, done: [...done, ...gone], unsure: [], left: left + there.size };
}

/** What really went where not all was deleted. */
async function settled(effects, gone) {
  const there = new Set();
  for (const [collection, some] of Map.groupBy(effects.along, (one) => one.collection)) {
    const ids = some.map((one) => one.record.id);
    for (const record of await fetchWhole(collection, ids, { fields: 'id' })) there.add(keyOf({ collection, record }));
  }
  const own = new Set(effects.gone.slice(0, effects.own));
  return only(effects, (one) => (own.has(one) ? gone.has(one.record.id) : !there.has(keyOf(one))));
}

async function bringBack(effects, undo, onchange) {
  await withProgress('Bringing them back', undo.pending.length + undo.back.size, (progress) => undo.run(progress));
  const back = effects.gone.slice(0, effects.own).filter((one) => undo.back.has(keyOf(one))).length;
  if (undo.isDone) toast(whatIsBack(`${plural(back, 'record')} ${back === 1 ? 'is' : 'are'} back`, effects, undo));
  else {
    const action = { label: 'Go on', run: () => bringBack(effects, undo, onchange).catch(tell) };
    toast(whatIsMissing(undo), 'problem', { action });
  }
  onchange([]);
}
