// The fleet page in a real browser: node check.mjs URL. Prints what it saw as JSON; ends with 1 when something is wrong.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const url = process.argv[2];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];
const seen = { views: 0, links: 0 };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function view(colorScheme, width) {
  const name = `${colorScheme} ${width}`;
  // The page's own policy forbids scripts, also that of the accessibility check.
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && wrong.push(`${name}: ${message.text()}`));
  page.on("request", (request) => request.url() !== url && !request.url().startsWith("data:")
    && wrong.push(`${name}: it loads ${request.url()}`));
  await page.goto(url, { waitUntil: "load" });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (over > 0) wrong.push(`${name}: it is ${over} px too wide`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const found of violations) {
    wrong.push(`${name}: ${found.id}: ${found.help}: ${found.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
  }
  // Every link can be reached with the keyboard, in the order of the page, and shows that it was.
  const links = await page.locator("a").count();
  for (let index = 0; index < links; index += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const active = document.activeElement;
      return { index: [...document.links].indexOf(active), outline: getComputedStyle(active).outlineStyle };
    });
    if (at.index !== index) wrong.push(`${name}: key ${index + 1} leads to link ${at.index}`);
    if (at.outline === "none") wrong.push(`${name}: link ${index} does not show that it has the focus`);
  }
  seen.views += 1;
  seen.links = links;
  seen.title = await page.title();
  seen.rows = await page.locator("tbody tr").evaluateAll((rows) => rows.map((row) => row.innerText.replace(/\s+/g, " ")));
  await context.close();
}

for (const scheme of ["light", "dark"]) {
  for (const width of [320, 768, 1400]) await view(scheme, width);
}
// The policy holds: without the way around it no script runs.
const context = await browser.newContext();
const page = await context.newPage();
await page.goto(url);
await page.addScriptTag({ content: "document.title = 'a script ran'" }).catch(() => undefined);
if ((await page.title()) === "a script ran") wrong.push("a script of another ran");
await browser.close();

console.log(JSON.stringify({ ...seen, wrong }, null, 1));
process.exit(wrong.length === 0 ? 0 : 1);
