// The page about access: the simulator and the exposure report, each in a tab of its own. Where it stands is in the
// address, so that a question can be sent to somebody.

import { collectionsOnPage, readState, writeState } from './access/state.js';
import { exposure } from './access/exposure.js';
import { simulator } from './access/simulator.js';
import { fill, find, h } from './lib/dom.js';
import { tabs, tell } from './lib/feedback.js';
import { command } from './lib/palette.js';

const place = find('[data-access]');

try {
  const collections = await collectionsOnPage();
  const state = readState();
  const questions = h('div');
  const report = h('div');
  const shown = new Set();
  const ask = await simulator(questions, collections, state);
  const showTab = async (name) => {
    writeState({ tab: name === 'exposure' ? name : '' });
    if (name !== 'exposure' || shown.has(name)) return;
    shown.add(name);
    try {
      await exposure(report, (question) => { both.choose('simulator'); ask(question); });
    } catch (error) {
      shown.delete(name);
      fill(report, h('p', { class: 'banner problem' }, 'The report could not be loaded.'));
      tell(error);
    }
  };
  const both = tabs([
    { name: 'simulator', label: 'Simulator', content: questions },
    { name: 'exposure', label: 'Exposure', content: report },
  ], { label: 'Access', chosen: state.tab === 'exposure' ? 'exposure' : 'simulator', onchoose: showTab });
  fill(place, both.element);
  if (state.tab === 'exposure') await showTab('exposure');
  command('Simulate access', () => both.choose('simulator'), 'Access');
  command('Show exposure', () => both.choose('exposure'), 'Access');
} catch (error) {
  fill(place, h('p', { class: 'banner problem' }, 'The collections could not be loaded.'));
  tell(error);
}
