// Keeps a public status page true: asks again every minute while somebody looks, and never while they write.
const EVERY_MS = 60000;

async function refresh() {
  const main = document.getElementById("main"), at = document.activeElement;
  // A click leaves the focus on the whole, which is no reason to stand still.
  if (document.hidden || !main || !document.body.contains(main) || (at !== main && main.contains(at))) return;
  const open = [...main.querySelectorAll("details")].map((it) => it.open);
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-cache" });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [there, foot] = [next.getElementById("main"), next.querySelector("footer")];
    if (!there) return;
    main.replaceChildren(...there.childNodes);
    main.querySelectorAll("details").forEach((it, nth) => { it.open = open[nth] ?? false; });
    document.querySelector("footer")?.replaceChildren(...(foot?.childNodes ?? []));
  } catch {
    // Whoever reads sees as of when the page is.
  }
}

if (document.querySelector(".overall")) {
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}
