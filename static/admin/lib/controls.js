// What the setting "Hide controls that change collections" asks of pages: it is there against changes by accident, and
// keeps nobody out. What it only hides is marked `data-control` in templates; here is what it locks and asks about.

import { h, icon } from './dom.js';
import { ask, toast } from './feedback.js';

/** Whether the setting is on. */
export const hidesControls = 'hideControls' in document.body.dataset;

/**
 * Puts a button "Unlock to save" in the place of buttons that save, until somebody presses it. What else saves, as
 * shortcuts do, asks `refuses()`, which says so to people; nothing is locked unless the setting is on.
 * @returns {{ refuses: () => boolean }}
 */
export function lock(...buttons) {
  if (!hidesControls) return { refuses: () => false };
  let isLocked = true;
  for (const button of buttons) button.classList.add('locked');
  const unlock = h(
    'button',
    {
      type: 'button',
      onclick: () => {
        isLocked = false;
        for (const button of buttons) button.classList.remove('locked');
        unlock.remove();
        buttons.find((button) => !button.disabled)?.focus();
      },
    },
    icon('lock'),
    'Unlock to save',
  );
  buttons[0].before(unlock);
  return {
    refuses() {
      if (isLocked) toast('Press "Unlock to save" first.', 'problem');
      return isLocked;
    },
  };
}

/** Asks before something is changed that is usually done at once; resolves to whether to go on. */
export const mayChange = async (what) =>
  !hidesControls ||
  ask({ title: `${what}?`, text: 'The settings ask to be careful with changes here.', action: 'Go on', danger: true });
