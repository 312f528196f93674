// Usage: npm run check -- <folder of dashboards as JSON>
//
// Writes a TypeScript file for each dashboard, in which every part stands as a literal of the type
// that it must have, and compiles them. A literal, because only for a literal does TypeScript also
// refuse properties that the type does not know.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2];
if (!folder) {
  console.error('usage: npm run check -- <folder of dashboards as JSON>');
  process.exit(2);
}
// Beside the types, so that their imports are found; one folder for each run, so that runs do not meet.
const generated = join(here, 'generated', String(process.pid));

function literal(type, value, place) {
  return `// ${place}\n{ const value: ${type} = ${JSON.stringify(value, null, 1)}; void value; }\n`;
}

function panelCode(panel, place) {
  const { options, fieldConfig, targets, panels, ...rest } = panel;
  if (panel.type === 'row') {
    return (
      literal('t.Row', rest, place) + (panels ?? []).map((p) => panelCode(p, `${place} > ${p.title}`)).join('')
    );
  }
  const { custom, ...defaults } = fieldConfig.defaults;
  const kind = JSON.stringify(panel.type);
  return [
    literal('t.Kind', panel.type, `${place}: type`),
    literal('t.Panel', rest, place),
    literal(`t.Options[${kind}]`, options, `${place}: options`),
    literal('t.Fields', { ...fieldConfig, defaults }, `${place}: fieldConfig`),
    custom ? literal(`t.Custom[${kind}]`, custom, `${place}: fieldConfig.defaults.custom`) : '',
    ...(targets ?? []).map((target) => literal('t.Target', target, `${place}: query ${target.refId}`)),
  ].join('');
}

function dashboardCode(json) {
  const { panels, annotations, ...rest } = json;
  return [
    "import type * as t from '../../types';\nexport {};\n",
    literal('t.Dashboard', rest, json.title),
    ...annotations.list.map((a) => literal('t.Annotation', a, `${json.title} > annotation ${a.name}`)),
    ...panels.map((panel) => panelCode(panel, `${json.title} > ${panel.title}`)),
  ].join('');
}

const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
if (names.length === 0) {
  console.error(`no dashboard in ${folder}`);
  process.exit(2);
}

let failed = false;
try {
  mkdirSync(generated, { recursive: true });
  const files = names.map((name) => {
    const file = join(generated, name.replace(/\.json$/, '.ts'));
    writeFileSync(file, dashboardCode(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
    return file;
  });
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  for (const problem of ts.getPreEmitDiagnostics(program)) {
    failed = true;
    const message = ts.flattenDiagnosticMessageText(problem.messageText, '\n  ');
    if (!problem.file) {
      console.error(message);
      continue;
    }
    const { line } = problem.file.getLineAndCharacterOfPosition(problem.start);
    const lines = problem.file.text.split('\n');
    const place = lines.slice(0, line + 1).findLast((text) => text.startsWith('// '));
    const name = relative(here, problem.file.fileName).replace(/^generated.\d+./, '');
    console.error(`${name}: ${place?.slice(3) ?? `line ${line + 1}`}\n  ${lines[line]?.trim()}\n  ${message}`);
  }
} finally {
  rmSync(generated, { recursive: true, force: true });
}
if (failed) process.exit(1);
console.log(`${names.length} dashboards fit Grafana's types`);
