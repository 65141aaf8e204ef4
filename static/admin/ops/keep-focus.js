// The focus in a list whose rows are drawn anew, or taken away. Without this it would fall to the page's beginning, and
// whoever has no pointer would lose their place. Used by the backups, the rate limits and the cards of an account.

const CONTROLS = 'button, a[href], input, select';

/**
 * Remembers where in `body` the focus is, and gives a function to call once `body` is as it is to be: the focus then is
 * where it was, else at the same place of the row that has come in place of its own, else in `fallback`.
 */
export function keepFocus(body, fallback) {
  // A button whose work is on the way is switched off, and has lost the focus to nobody.
  const focused = body.querySelector('[aria-busy="true"]') ?? document.activeElement;
  if (!body.contains(focused)) return () => {};
  const rows = () => [...body.querySelectorAll('tr')].filter((row) => row.querySelector(CONTROLS));
  const named = () => [...body.querySelectorAll(CONTROLS)].filter((one) =>
    one.getAttribute('aria-label') === focused.getAttribute('aria-label'));
  const isOnlyOne = focused.hasAttribute('aria-label') && named().length === 1;
  const at = rows().indexOf(focused.closest('tr'));
  const within = at < 0 ? -1 : [...rows()[at].querySelectorAll(CONTROLS)].indexOf(focused);
  return () => {
    if (document.activeElement !== document.body) return;
    const next = at < 0 ? undefined : rows()[at] ?? rows().at(-1);
    const target = (isOnlyOne && named()[0]) || next?.querySelectorAll(CONTROLS)[within] || fallback;
    target.focus();
  };
}
