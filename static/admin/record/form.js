// The form of a record: a control for each field that people may set, and what they have changed of it.

import { h } from '../lib/dom.js';
import { when } from '../lib/format.js';
import { problems as problemLines } from '../lib/api.js';
import { accountControls } from './account.js';
import { control } from './fields.js';
import { isAccountField, isSecret, same, toState, toWire, zero } from './values.js';

/** What a form starts with: a record's states, or those of a new one. */
export function statesOf(collection, record) {
  return Object.fromEntries(
    collection.fields
      .filter((field) => field.type !== 'autodate')
      .map((field) => [field.name, toState(field, record ? record[field.name] : (field.default ?? zero(field)))]),
  );
}

/** @param {object} context `id()`, `isNew`, `onchange()`, `openRecord` */
export function recordForm(collection, record, context) {
  const controls = new Map();
  const all = { ...context, collection, ...pictureHolders(collection, controls) };
  const add = (made) => controls.set(made.field.name, made).get(made.field.name).element;
  const fields = collection.fields.filter((field) => field.type !== 'autodate' && !isAccountField(collection, field));
  const [own, dates] = [
    fields.filter((field) => !field.primaryKey),
    collection.fields.filter((field) => field.type === 'autodate'),
  ];
  const idField = context.isNew && fields.find((field) => field.primaryKey);
  const element = h('div', { class: 'record-form' });
  if (idField) element.append(add(control(idField, all)));
  if (collection.type === 'auth') {
    const account = accountControls(collection, all);
    for (const made of account.controls) controls.set(made.field.name, made);
    element.append(account.element);
  }
  for (const field of own) element.append(add(control(field, all)));
  if (!context.isNew && dates.length > 0) element.append(datesOf(dates, record));

  let base = {};
  const names = () => [...controls.keys()].filter((name) => name in base);
  const fieldOf = (name) => controls.get(name).field;
  const form = {
    element,
    controls,
    get base() {
      return base;
    },
    get: (name) => controls.get(name).get(),
    names,
    states: () => Object.fromEntries(names().map((name) => [name, controls.get(name).get()])),
    changed: () => names().filter((name) => !same(fieldOf(name), controls.get(name).get(), base[name])),
    /** Shows these states as those that are stored. */
    start(states) {
      base = states;
      for (const name of names()) controls.get(name).set(base[name]);
    },
    /** Takes in what is stored now: shows it wherever the form is as in `before`, but for the fields in `kept`. */
    rebase(states, before, kept = new Set()) {
      for (const name of names()) {
        if (kept.has(name)) continue;
        const mine = controls.get(name).get();
        const isUntouched = same(fieldOf(name), mine, before[name]);
        if (isUntouched && (isSecret(fieldOf(name)) || !same(fieldOf(name), mine, states[name])))
          controls.get(name).set(states[name]);
      }
      base = states;
    },
    put(states) {
      for (const [name, state] of Object.entries(states)) controls.get(name)?.set(state);
    },
    /** What is sent for these fields. */
    wire(chosen, states = form.states()) {
      const [body, files] = [{}, new Map()];
      for (const name of chosen) {
        const field = fieldOf(name);
        if (field.type === 'file') files.set(name, states[name]);
        else body[name] = toWire(field, states[name]);
        if (isAccountField(collection, field) && name === 'password')
          body.passwordConfirm = controls.get(name).confirmed();
      }
      return { body, files };
    },
    /** Whether everything can be sent; says what can't. */
    check() {
      let first;
      for (const one of controls.values()) {
        const problem = one.check?.();
        one.problem(problem);
        if (problem) first ??= one;
      }
      first?.focus();
      return !first;
    },
    /** Says what the server refuses, beside the fields; returns what belongs to none. */
    problems(data) {
      const left = [];
      const wrong = new Set();
      for (const one of controls.values()) one.problem(null);
      for (const [name, problem] of Object.entries(data ?? {})) {
        const one = controls.get(name) ?? [...controls.values()].find((other) => other.answersFor?.includes(name));
        if (one) {
          one.problem(problem?.message ?? problemLines(problem).join(' '), name);
          wrong.add(one);
        } else
          left.push(
            ...(problemLines({ [name]: problem }).length
              ? problemLines({ [name]: problem })
              : [`${name}: ${JSON.stringify(problem)}`]),
          );
      }
      [...controls.values()].find((one) => wrong.has(one))?.focus();
      return left;
    },
    dates: (of) => element.querySelector('.record-dates')?.replaceWith(datesOf(dates, of)),
    end() {
      for (const one of controls.values()) one.end?.();
    },
  };
  return form;
}

/** What texts need for pictures that are pasted into them: a field of the record that takes their files. */
function pictureHolders(collection, controls) {
  const holders = collection.fields.filter((field) => field.type === 'file' && !field.protected);
  const controlOf = (field) => controls.get(field.name);
  return {
    /** Adds a file to the first field that takes it; `problem` says why none does. */
    takePicture(file) {
      if (holders.length === 0)
        return { problem: 'Pictures can’t be pasted: the collection has no field for files that everybody may see.' };
      const problems = holders.map((field) => controlOf(field).problemWith(file));
      const at = problems.findIndex((problem) => !problem);
      if (at < 0) return { problem: `The picture was not taken. ${problems.join(' ')}` };
      controlOf(holders[at]).add([file]);
      return {};
    },
    holdsPicture: (file) => holders.some((field) => controlOf(field).get().includes(file)),
  };
}

const datesOf = (dates, record) =>
  h(
    'dl',
    { class: 'record-dates' },
    dates.map(({ name }) =>
      h('div', {}, h('dt', {}, name), h('dd', { title: record[name] }, when(record[name]) || 'not yet')),
    ),
  );
