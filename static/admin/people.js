// Accounts, and everything they are signed in with: a search over all auth collections, or one account, as the page's
// address says.

import { getAll } from './lib/api.js';
import { fill, find, h } from './lib/dom.js';
import { tell } from './lib/feedback.js';
import { accountPage } from './people/account.js';
import { searchPage } from './people/search.js';

const place = find('[data-people]');
const query = new URLSearchParams(location.search);

async function start() {
  const collections = await getAll('/api/collections', { filter: 'type = "auth"', sort: 'system,name' });
  const collection = collections.find((one) => [one.name, one.id].includes(query.get('collection')));
  if (query.get('record') && collection) await accountPage(place, collection, query.get('record'));
  else await searchPage(place, collections, collection);
}

start().catch((error) => {
  tell(error);
  fill(place, h('p', { class: 'banner problem' }, error.status === 404 ? 'There is no such account.'
      : `This page couldn’t be filled: ${error.message}`));
});
