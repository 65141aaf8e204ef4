// Lets people see the password that they type, on the sign-in page; without scripts, there is just no button for it.

const { show } = document.querySelector('script[data-show]').dataset;

for (const input of document.querySelectorAll('input[type="password"]')) {
  const place = document.createElement('div');
  place.className = 'reveal';
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', textContent: show });
  const label = document.querySelector(`label[for="${CSS.escape(input.id)}"]`)?.textContent.trim() ?? '';
  button.setAttribute('aria-label', `${show}: ${label}`);
  const turn = (isShown) => {
    input.type = isShown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(isShown));
  };
  button.addEventListener('click', () => turn(input.type === 'password'));
  // Browsers keep what was typed into fields of text.
  input.form?.addEventListener('submit', () => turn(false));
  input.replaceWith(place);
  place.append(input, button);
  turn(false);
  if (input.autofocus) input.focus();
}
