// The record editor: a panel in which a record of any collection is made, read and changed. Used by the page of records
// and by whatever else shows a record.
//
// Not here: controls (`fields.js` and what it names), the form (`form.js`), saving and undo (`saving.js`), what others
// do meanwhile (`news.js`), drafts, copies, the menu (`actions.js`).

import { Refused } from '../lib/api.js';
import { lock } from '../lib/controls.js';
import { debounce, fill, h, iconButton } from '../lib/dom.js';
import { ask, copy, menu, panel, tabs, tell, toast } from '../lib/feedback.js';
import { ago } from '../lib/format.js';
import { shortcut } from '../lib/keys.js';
import { actions } from './actions.js';
import { chosenOf, draftOf, overtaken } from './draft.js';
import { recordForm, statesOf } from './form.js';
import { listen } from './news.js';
import { preview } from './preview.js';
import { load } from './requests.js';
import { letGo, save, stop } from './saving.js';
import { nameOf } from './values.js';

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
  }

  build(dialog, close) {
    this.dialog = dialog;
    this.close = close;
    this.head = h('div', { class: 'panel-head' });
    this.banners = h('div', { class: 'record-banners', 'aria-live': 'polite' });
    this.content = h('div', {}, h('p', { class: 'loading' }, 'Loading …'));
    this.foot = h('div', { class: 'panel-foot' });
    this.drawHead();
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
      else if (this.duplicateOf) {
        const { copyOf } = await import('./copies.js');
        this.copied = await copyOf(this.collection, (await load(this.collection, this.duplicateOf)).record);
      }
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
    const hadFocus = this.head.contains(document.activeElement);
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
    // The button that had it is another one now.
    if (hadFocus) this.head.lastElementChild.focus();
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
    this.undecided = undefined;
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
    const signing = h('div', { class: 'record-signing' }, h('p', { class: 'quiet' }, 'Loading …'));
    const { collection, record } = this;
    const both = tabs(
      [
        { name: 'record', label: 'Record', content: this.form.element },
        { name: 'sign-ins', label: 'Sign-ins', content: signing },
      ],
      {
        label: 'Parts of this account',
        onchoose: (name) => {
          if (name !== 'sign-ins') return;
          import('./signins.js').then(({ showSignIns }) => showSignIns(signing, collection, record)).catch(tell);
        },
      },
    );
    fill(this.content, both.element);
  }

  drawFoot() {
    this.says = h('span', { class: 'grow quiet small record-says', role: 'status' });
    this.progress = h('progress', { max: 1, 'aria-label': 'Upload' });
    this.progressText = h('span', { class: 'quiet small' });
    this.upload = h(
      'span',
      { class: 'record-upload', hidden: true },
      this.progress,
      this.progressText,
      h('button', { type: 'button', class: 'small', onclick: () => stop(this) }, 'Stop upload'),
    );
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
    fill(this.foot, this.says, this.upload, this.resetButton, this.saveButton, this.closeButton);
    this.locked = this.record && lock(this.saveButton, this.closeButton);
  }

  /** What a new record begins with, besides what its fields say. */
  startValues() {
    if (this.copied) {
      this.banner('files', 'info', this.copied.says);
      return pick(this.form, this.copied.states, Object.keys(this.copied.states));
    }
    return this.values
      ? pick(this.form, statesOf(this.collection, { ...this.values }), Object.keys(this.values))
      : {};
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
        // Together, so that a narrow panel doesn't leave one of them alone on a line.
        h(
          'span',
          { class: 'row' },
          buttons.map(({ label, run }) => h('button', { type: 'button', class: 'small', onclick: run }, label)),
        ),
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
    this.undecided = found;
    const settle = (states) => {
      // Whoever doesn't want to decide now may do so later.
      if (!states) return;
      this.undecided = undefined;
      this.banner('draft');
      this.form.put(states);
      this.changed();
      this.draft.write(this.form);
    };
    const names = overtaken(this.form, found);
    const says = [
      `You changed ${Object.keys(found.states).join(', ')} ${ago(found.at)} and did not save.`,
      names.length > 0 && `Since then something else has been saved in ${names.join(', ')}.`,
    ];
    this.banner('draft', 'warn', says.filter(Boolean).join('\n'), [
      { label: 'Restore', run: () => chosenOf(this.form, found).then(settle).catch(tell) },
      { label: 'Discard', run: () => settle({}) },
    ]);
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
    // The browser's back button means what is on top, whichever panel the page tells.
    const top = [...document.querySelectorAll('dialog:modal')].at(-1);
    if (top && top !== this.dialog) {
      if (top.dispatchEvent(new Event('cancel', { cancelable: true }))) top.close('');
      return false;
    }
    if (this.isSaving) {
      toast('It is just being saved. Stop the upload first, or wait a moment.');
      return false;
    }
    if (this.dirty) {
      const text = `You have changed: ${this.form.changed().join(', ')}.`;
      if (!(await ask({ title: 'Close without saving?', text, action: 'Discard changes', danger: true }))) return false;
      this.draft.write({ changed: () => [], controls: new Map() }, this.undecided);
    }
    return true;
  }

  end() {
    letGo(this);
    this.form?.end();
    for (const end of [this.unlisten, this.unwatch]) end?.();
    open.splice(open.indexOf(this.dialog), 1);
    this.onclosed?.();
  }

  // --- saving, and what others do meanwhile ---

  async save(how) {
    if (open.at(-1) === this.dialog && !this.locked?.refuses()) await save(this, how);
  }

  listen() {
    if (this.id) this.unwatch ??= listen(this);
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
    Object.assign(this, { id: undefined, record: undefined, copied: undefined, unwatch: undefined });
    this.banner('remote');
    this.showForm();
    this.form.put(Object.fromEntries(kept.map((name) => [name, states[name]])));
    this.changed();
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
