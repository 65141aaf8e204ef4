// The record editor: a panel in which a record of any collection is made, read and changed. Used by the page of records
// and by whatever else shows a record.
//
// Not here: controls (`fields.js` and what it names), the form (`form.js`), drafts, whose values count when two have
// changed the same (`conflict.js`), the menu (`actions.js`).

import { Refused } from '../lib/api.js';
import { debounce, fill, h, iconButton } from '../lib/dom.js';
import { ask, copy, menu, panel, tabs, tell, toast } from '../lib/feedback.js';
import { ago } from '../lib/format.js';
import { shortcut } from '../lib/keys.js';
import { watch } from '../lib/live.js';
import { actions } from './actions.js';
import { changedBetween, decide } from './conflict.js';
import { draftOf } from './draft.js';
import { recordForm, statesOf } from './form.js';
import { preview } from './preview.js';
import { load, store } from './requests.js';
import { signIns } from './signins.js';
import { isSecret, nameOf, same } from './values.js';

const LISTEN_MS = 150;
const DRAFT_MS = 300;

const styles = new URL('../record.css', import.meta.url).href;
function addStyles() {
  if (!document.querySelector(`link[href="${styles}"]`))
    document.head.append(h('link', { rel: 'stylesheet', href: styles }));
}

/** Panels that are open, the uppermost last. */
const open = [];

/**
 * Opens a record in a panel.
 * @param {object} options
 *   `collection`: its definition; `id`: the record, none for a new one; `duplicateOf`: the id of a record whose values
 *   a new one begins with; `values`: those that a new one begins with; `readOnly`: show it only; `onsaved(record)`: it
 *   was made or changed; `ondeleted(record)`: it was deleted, without it `onsaved` is called; `onclosed()`.
 * @returns {HTMLDialogElement}
 */
export function openRecord(options) {
  addStyles();
  const editor = new Editor(options);
  const dialog = panel((element, close) => editor.build(element, close), {
    label: `${options.id ? 'Record' : 'New record'} of ${options.collection.name}`,
    mayClose: () => editor.mayClose(),
    onclose: () => editor.end(),
  });
  open.push(dialog);
  editor.begin();
  return dialog;
}

class Editor {
  constructor({ collection, id, duplicateOf, values, readOnly, onsaved, ondeleted, onclosed }) {
    Object.assign(this, { collection, id, duplicateOf, values, onsaved, ondeleted, onclosed });
    this.isReadOnly = Boolean(readOnly) || collection.type === 'view';
    this.isSaving = false;
    this.ends = [];
  }

  build(dialog, close) {
    this.dialog = dialog;
    this.close = close;
    this.head = h('div', { class: 'panel-head' });
    this.banners = h('div', { class: 'record-banners', 'aria-live': 'polite' });
    this.content = h('div', {}, h('p', { class: 'loading' }, 'Loading …'));
    this.foot = h('div', { class: 'panel-foot' });
    this.drawHead();
    // The browser's own way of closing asks only once; this one asks every time.
    dialog.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      event.preventDefault();
      if (!dialog.querySelector('details.menu[open]')) close();
    });
    return h(
      'form',
      {
        class: 'record-panel',
        novalidate: true,
        autocomplete: 'off',
        onsubmit: (event) => {
          event.preventDefault();
          this.save();
        },
      },
      this.head,
      h('div', { class: 'panel-body' }, this.banners, this.content),
      this.foot,
    );
  }

  /** Loads what there is, and shows it. */
  async begin() {
    try {
      if (this.id) this.take(await load(this.collection, this.id));
      else if (this.duplicateOf) this.source = (await load(this.collection, this.duplicateOf)).record;
    } catch (error) {
      this.failed(error);
      return;
    }
    if (!this.dialog.open) return;
    if (this.isReadOnly) this.showPreview();
    else this.showForm();
    this.listen();
  }

  take({ record, etag }) {
    Object.assign(this, { record, etag, id: record.id });
  }

  failed(error) {
    const text =
      error.status === 404
        ? 'There is no such record. It may have been deleted.'
        : (error.text ?? String(error.message));
    fill(
      this.content,
      h(
        'div',
        { class: 'empty' },
        h('p', {}, text),
        h('button', { type: 'button', onclick: () => this.begin() }, 'Try again'),
      ),
    );
    if (!(error instanceof Refused)) console.error(error);
  }

  // --- what is shown ---

  drawHead() {
    const { collection, record } = this;
    const name = record ? nameOf(collection, record) : this.duplicateOf ? 'Duplicate' : 'New record';
    // Whoever has the menu open keeps it, unless it would be another one.
    const shown = JSON.stringify([record?.id, record?.email, record?.verified]);
    if (this.shownHead === shown) {
      fill(this.head.querySelector('h2'), name);
      return;
    }
    this.shownHead = shown;
    fill(
      this.head,
      h('div', { class: 'grow' }, h('p', { class: 'quiet small' }, collection.name), h('h2', {}, name)),
      record &&
        h(
          'span',
          { class: 'record-id' },
          h('code', {}, record.id),
          iconButton('copy', 'Copy id', { onclick: () => copy(record.id) }),
        ),
      record && menu('Actions for this record', actions(this)),
      iconButton('x', 'Close', { onclick: () => this.close() }),
    );
  }

  showPreview() {
    this.drawHead();
    fill(this.content, preview(this.collection, this.record));
    const [json, keep] = actions(this).filter((one) => one && /JSON/.test(one.label));
    fill(
      this.foot,
      h('button', { type: 'button', onclick: json.run }, json.label),
      h('button', { type: 'button', onclick: keep.run }, keep.label),
      h('button', { type: 'button', class: 'main', onclick: () => this.close() }, 'Close'),
    );
  }

  showForm() {
    const { collection, record } = this;
    this.form?.end();
    this.draft = draftOf(collection, this.id);
    this.undecided = {};
    this.keepDraft = debounce(() => {
      if (this.form && this.dialog.open) this.draft.write(this.form, this.undecided);
    }, DRAFT_MS);
    this.form = recordForm(collection, record, {
      id: () => this.id,
      isNew: !record,
      onchange: () => this.changed(),
      openRecord,
    });
    this.form.start(statesOf(collection, record));
    if (!record) this.form.put(this.startValues());
    this.drawHead();
    this.drawContent();
    this.drawFoot();
    this.offerDraft();
    this.changed();
    this.unlisten ??= this.listenToKeys();
    if (!record) [...this.form.controls.values()].find(({ field }) => !field.primaryKey)?.focus();
  }

  drawContent() {
    if (!this.record || this.collection.type !== 'auth') {
      fill(this.content, this.form.element);
      return;
    }
    const signing = signIns(this.collection, this.record);
    const both = tabs(
      [
        { name: 'record', label: 'Record', content: this.form.element },
        { name: 'sign-ins', label: 'Sign-ins', content: signing.element },
      ],
      {
        label: 'Parts of this account',
        onchoose: (name) => {
          if (name === 'sign-ins') signing.load();
        },
      },
    );
    fill(this.content, both.element);
  }

  drawFoot() {
    this.says = h('span', { class: 'grow quiet small record-says', role: 'status' });
    this.progress = h('progress', { max: 1, hidden: true, 'aria-label': 'Upload' });
    this.resetButton = h('button', { type: 'button', onclick: () => this.reset() }, 'Reset');
    this.saveButton = h(
      'button',
      { type: 'submit', 'aria-keyshortcuts': 'Control+S' },
      this.record ? 'Save' : 'Create',
    );
    this.closeButton = h(
      'button',
      { type: 'button', class: 'main', onclick: () => this.save({ andClose: true }) },
      this.record ? 'Save and close' : 'Create and close',
    );
    fill(this.foot, this.says, this.progress, this.resetButton, this.saveButton, this.closeButton);
  }

  /** What a new record begins with, besides what its fields say. */
  startValues() {
    if (!this.source)
      return this.values
        ? pick(this.form, statesOf(this.collection, { ...this.values }), Object.keys(this.values))
        : {};
    const { form, collection } = this;
    // Neither files nor what must be somebody's own is copied.
    const left = collection.fields.filter(
      (field) =>
        field.primaryKey ||
        field.type === 'file' ||
        isSecret(field) ||
        (collection.type === 'auth' && ['email', 'verified'].includes(field.name)),
    );
    const files = left.filter((field) => field.type === 'file' && this.source[field.name]?.length > 0);
    if (files.length > 0)
      this.banner('files', 'info', `Files are not copied: ${files.map(({ name }) => name).join(', ')}.`);
    return pick(
      form,
      statesOf(collection, this.source),
      form.names().filter((name) => !left.some((field) => field.name === name)),
    );
  }

  /** Shows a banner in the place of the former one with this name; without text, takes that away. */
  banner(name, kind, text, buttons = []) {
    this.banners.querySelector(`[data-banner="${name}"]`)?.remove();
    if (!text) return;
    this.banners.append(
      h(
        'div',
        { class: `banner ${kind} record-banner`, dataset: { banner: name } },
        h('span', { class: 'grow' }, text),
        buttons.map(({ label, run }) => h('button', { type: 'button', class: 'small', onclick: run }, label)),
      ),
    );
  }

  // --- changes and drafts ---

  get dirty() {
    return Boolean(this.form) && this.form.changed().length > 0;
  }

  changed() {
    const names = this.form.changed();
    const text = names.length === 0 ? '' : `Not saved: ${names.join(', ')}`;
    // It is read out whenever it is written.
    if (this.says.textContent !== text) this.says.textContent = text;
    this.resetButton.disabled = names.length === 0;
    this.keepDraft();
  }

  offerDraft() {
    const found = this.draft.read(this.form);
    if (!found) return;
    this.undecided = found.states;
    const settle = (states) => {
      this.undecided = {};
      this.banner('draft');
      this.form.put(states);
      this.changed();
      this.draft.write(this.form);
    };
    this.banner(
      'draft',
      'warn',
      `You changed ${Object.keys(found.states).join(', ')} ${ago(found.at)} and did not save.`,
      [
        { label: 'Restore', run: () => settle(found.states) },
        { label: 'Discard', run: () => settle({}) },
      ],
    );
  }

  async reset() {
    if (
      !(await ask({
        title: 'Take back what you changed?',
        text: this.form.changed().join(', '),
        action: 'Reset',
        danger: true,
      }))
    )
      return;
    this.form.start(this.form.base);
    this.form.problems({});
    this.banner('problem');
    this.changed();
  }

  async mayClose() {
    if (this.isSaving) return false;
    if (this.dirty) {
      const text = `You have changed: ${this.form.changed().join(', ')}.`;
      if (!(await ask({ title: 'Close without saving?', text, action: 'Discard changes', danger: true }))) return false;
      this.draft.write({ changed: () => [], controls: new Map() }, this.undecided);
    }
    return true;
  }

  end() {
    this.form?.end();
    for (const end of [...this.ends, this.unlisten, this.unwatch]) end?.();
    open.splice(open.indexOf(this.dialog), 1);
    this.onclosed?.();
  }

  // --- saving ---

  async save({ andClose = false } = {}) {
    if (this.isSaving || !this.form || open.at(-1) !== this.dialog) return;
    this.banner('problem');
    if (!this.form.check()) return;
    const names = this.form.changed();
    if (this.id && names.length === 0) {
      if (andClose) this.dialog.close();
      else toast('There is nothing to save.');
      return;
    }
    const sent = this.form.states();
    this.busy(true);
    try {
      const { body, files } = this.form.wire(this.id ? names : this.needed(names), sent);
      const saved = await store(this.collection, this.id, {
        body,
        files,
        etag: this.etag,
        onprogress: (share) => this.uploaded(share),
      });
      this.busy(false);
      this.saved(saved, names, sent, andClose);
    } catch (error) {
      this.busy(false);
      await this.refused(error, andClose);
    }
  }

  /** A new account needs its password even if nobody has typed one: so that the server says so. */
  needed(names) {
    return this.collection.type === 'auth' && !names.includes('password') ? [...names, 'password'] : names;
  }

  busy(on) {
    this.isSaving = on;
    for (const button of [this.saveButton, this.closeButton]) {
      // Not disabled: that would take the focus away.
      on ? button.setAttribute('aria-busy', 'true') : button.removeAttribute('aria-busy');
    }
    this.progress.hidden = true;
    if (!on && this.hasNews) this.news();
  }

  uploaded(share) {
    this.progress.hidden = false;
    this.progress.value = share;
  }

  saved(saved, names, sent, andClose) {
    const before = this.id && { record: this.record, states: this.form.base };
    this.take(saved);
    this.undecided = {};
    this.banner('draft');
    this.banner('remote');
    const states = statesOf(this.collection, this.record);
    if (before) {
      this.form.rebase(states, sent);
      this.form.problems({});
      this.form.dates(this.record);
      this.drawHead();
      this.offerUndo(names, before.states);
    } else {
      // What was typed while it was being made is kept.
      const typed = this.form
        .names()
        .filter((name) => !same(this.form.controls.get(name).field, this.form.get(name), sent[name]));
      const mine = Object.fromEntries(typed.map((name) => [name, this.form.get(name)]));
      this.draft.drop();
      this.banner('files');
      this.showForm();
      this.form.put(mine);
      this.listen();
      toast('Created.');
    }
    this.draft.write(this.form);
    this.changed();
    this.onsaved?.(this.record);
    if (andClose && !this.dirty) this.dialog.close();
  }

  /** The old values can be brought back, but for those that nobody has any more. */
  offerUndo(names, states) {
    const back = names.filter((name) => {
      const { field } = this.form.controls.get(name);
      return field.type !== 'file' && !isSecret(field);
    });
    const lost = names.filter((name) => !back.includes(name));
    const text = lost.length === 0 ? 'Saved.' : `Saved. ${lost.join(', ')} can't be brought back.`;
    toast(
      text,
      'good',
      back.length > 0 ? { action: { label: 'Undo', run: () => this.undo(back, states, this.etag) } } : {},
    );
  }

  async undo(names, states, etag) {
    try {
      const { body } = this.form.wire(names, states);
      const saved = await store(this.collection, this.id, { body, etag });
      if (this.dialog.open) {
        const shown = this.form.base;
        this.take(saved);
        this.form.rebase(statesOf(this.collection, saved.record), shown);
        this.form.dates(saved.record);
        this.drawHead();
        this.changed();
      }
      toast('The old values are back.');
      this.onsaved?.(saved.record);
    } catch (error) {
      if (error.status === 412) toast('Nothing was undone: the record has been changed again since.', 'problem');
      else tell(error);
    }
  }

  async refused(error, andClose) {
    if (error.status === 412) {
      if (await this.reconcile()) await this.save({ andClose });
      return;
    }
    if (error.status === 404 && this.id) {
      this.deleted();
      return;
    }
    if (!(error instanceof Refused)) {
      tell(error);
      return;
    }
    const left = this.form.problems(error.data);
    const text = [error.message, ...left].join('\n');
    this.banner('problem', 'problem', text);
    if (left.length > 0 || Object.keys(error.data ?? {}).length === 0)
      this.banners.scrollIntoView({ block: 'nearest' });
  }

  // --- what others do meanwhile ---

  listen() {
    if (!this.id || this.unwatch) return;
    const hear = debounce(() => this.news(), LISTEN_MS);
    this.unwatch = watch(`${this.collection.name}/${this.id}`, hear);
  }

  /** Looks at what is stored now. */
  async news() {
    this.hasNews = this.isSaving;
    if (this.isSaving || !this.dialog.open) return;
    let now;
    try {
      now = await load(this.collection, this.id);
    } catch (error) {
      if (error.status === 404) this.deleted();
      return;
    }
    if (this.isSaving || !this.dialog.open || now.etag === this.etag) return;
    if (this.isReadOnly) {
      this.take(now);
      this.showPreview();
      return;
    }
    const theirs = statesOf(this.collection, now.record);
    const names = changedBetween(this.form, this.form.base, theirs);
    if (this.dirty) {
      const text =
        names.length > 0 ? `Somebody else has changed ${names.join(', ')}.` : 'Somebody else has saved this record.';
      this.banner('remote', 'warn', text, [{ label: 'Compare', run: () => this.reconcile().catch(tell) }]);
      return;
    }
    const shown = this.form.base;
    this.take(now);
    this.form.rebase(theirs, shown);
    this.form.dates(now.record);
    this.drawHead();
    if (names.length > 0)
      this.banner('remote', 'info', `Somebody else has just changed ${names.join(', ')}. You see the new values.`);
  }

  deleted() {
    this.etag = undefined;
    this.banner(
      'remote',
      'problem',
      'Somebody else has deleted this record.',
      this.isReadOnly ? [] : [{ label: 'Make it anew', run: () => this.makeAnew() }],
    );
    for (const button of [this.saveButton, this.closeButton]) if (button) button.hidden = true;
  }

  /** What is in the form becomes a new record. */
  makeAnew() {
    const states = this.form.states();
    const kept = this.form.names().filter((name) => this.form.controls.get(name).field.type !== 'file');
    this.unwatch?.();
    Object.assign(this, { id: undefined, record: undefined, source: undefined, unwatch: undefined });
    this.banner('remote');
    this.showForm();
    this.form.put(Object.fromEntries(kept.map((name) => [name, states[name]])));
    this.changed();
  }

  /** Lets people choose between what is stored and what they have; resolves to whether they did. */
  async reconcile() {
    const now = await load(this.collection, this.id);
    const theirs = statesOf(this.collection, now.record);
    const mine = await decide(this.form, theirs);
    if (!mine) return false;
    this.take(now);
    this.form.rebase(theirs, this.form.states(), mine);
    this.form.dates(now.record);
    this.drawHead();
    this.banner('remote');
    this.changed();
    return true;
  }

  listenToKeys() {
    const isUppermost = () => [...document.querySelectorAll('dialog[open]')].at(-1) === this.dialog;
    const save = shortcut('mod+s', 'Save the record', () => {
      if (isUppermost()) this.save();
    });
    const leave = (event) => {
      if (!this.dirty) return;
      this.draft.write(this.form, this.undecided);
      event.preventDefault();
    };
    window.addEventListener('beforeunload', leave);
    return () => {
      save();
      window.removeEventListener('beforeunload', leave);
    };
  }
}

const pick = (form, states, names) =>
  Object.fromEntries(
    names.filter((name) => form.controls.has(name) && name in states).map((name) => [name, states[name]]),
  );
