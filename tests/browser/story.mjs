// What happens in the sample company, as its API tells it.
export const BREAKS_MS_MAX = 180_000;
const ASK_AGAIN_MS = 200;

/** Asks until the answer is there; an error that says what was waited for if it takes too long. */
export async function until(what, ask, ms = BREAKS_MS_MAX) {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${ms / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

/** The incident that is open, as soon as one is. */
export const incident = (url) =>
  until("something breaks", async () => {
    const response = await fetch(`${url}/api/v1/incidents`);
    if (!response.ok) throw new Error(`/api/v1/incidents answers ${response.status}`);
    const { items } = await response.json();
    return items.find(({ ended }) => ended === null);
  });
