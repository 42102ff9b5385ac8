// The screens that can be reached by links, a few of each kind.
const PAGES_OF_A_KIND_MAX = 2;
// The same templates, as of another moment.
const PAGES_OF_THE_PAST_MAX = 1;
const PAGES_MAX = 90;
// Words of a path that name a screen; what stands elsewhere names a thing.
const WORDS = new Set(["docs", "undo", "dependencies", "reference", "api", "history", "changes", "timeline", "operations", "checks", "edit", "explain", "new", "requests", "setting", "contracts", "pacts", "verifications", "webhooks", "environments", "matrix", "network", "diff"]);

/** All that the screen at `url` links to on this server, without fragments. */
function links(html, url) {
  const found = html.matchAll(/<a\b[^>]*?\bhref="([^"]*)"/g);
  const targets = [...found].map(([, href]) => new URL(href.replaceAll("&amp;", "&"), url));
  const here = targets.filter((target) => target.origin === new URL(url).origin);
  return here.map(({ pathname, search }) => pathname + search);
}

/** Two addresses of one kind are drawn by the same template, of the same sort of thing. */
export function kind(address) {
  const { pathname, searchParams } = new URL(address, "http://localhost");
  const [first = "", ...rest] = pathname.slice(1).split("/");
  const thing = /^(component|api|resource|system|domain|group|user|location|template|check|flag|rotation):/;
  const parts = rest.map((part) => (WORDS.has(part) ? part : thing.exec(decodeURIComponent(part))?.[1] ?? "…"));
  return [[first, ...parts].join("/"), ...[...searchParams.keys()].sort()].join("?");
}

/** Follows links from `/` and gives `{ address, from, status, type }` for a few addresses of each kind. */
export async function crawl(base) {
  const seen = new Map([["/", { address: "/", from: "" }]]);
  const kinds = new Map();
  const queue = ["/"];
  while (queue.length > 0) {
    const entry = seen.get(queue.shift());
    const response = await fetch(base + entry.address, { headers: { accept: "text/html" } });
    const body = await response.text();
    entry.status = response.status;
    entry.type = response.headers.get("content-type") ?? "";
    entry.bytes = body.length;
    if (!entry.type.startsWith("text/html")) continue;
    for (const address of links(body, base + entry.address)) {
      const count = kinds.get(kind(address)) ?? 0;
      const max = /[?&]at=/.test(address) ? PAGES_OF_THE_PAST_MAX : PAGES_OF_A_KIND_MAX;
      if (seen.has(address) || count >= max || seen.size >= PAGES_MAX) continue;
      kinds.set(kind(address), count + 1);
      seen.set(address, { address, from: entry.address });
      queue.push(address);
    }
  }
  return [...seen.values()];
}
