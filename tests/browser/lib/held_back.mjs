// A slow network, without a clock: a request of a page waits until the test lets it go on.

/**
 * Holds back requests with this method to this address. `waiting` resolves once there is one, `release()` once they may
 * go on, as may all later ones.
 */
export async function heldBack(page, method, address) {
  let arrive;
  const waiting = new Promise((resolve) => { arrive = resolve; });
  let goOn;
  const allowed = new Promise((resolve) => { goOn = resolve; });
  await page.route(address, async (route) => {
    if (route.request().method() === method) {
      arrive();
      await allowed;
    }
    await route.continue();
  });
  return {
    waiting,
    async release() {
      await waiting;
      goOn();
    },
  };
}
